"""What runs: one folder a service or stage. `services.bootstrap` is the one place where the parts are put together."""
