"""The web page at `/` and the API's reference at `/docs`: static files of one origin, no network needed."""
