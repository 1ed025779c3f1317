"""The negotiation: from what policies came to and what seats demand to a settlement. Arrays in, documents out, no I/O.

`front` holds what was evaluated, `design` which policies are, `pareto`, `bargaining`, `blocking` and `exchange` are the
arithmetic, and `negotiate.negotiate` is the whole of it.
"""
