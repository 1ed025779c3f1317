"""Who may call: roles and their keys."""
