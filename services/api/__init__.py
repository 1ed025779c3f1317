"""HTTP only: routes, schemas, authorisation, problem details. No ranking logic."""
