"""What is learnt and what it means: the model ladder, artifacts, evaluation, calibration."""
