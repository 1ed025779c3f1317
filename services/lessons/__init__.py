"""The article, runnable: lessons that measure a conclusion over seeds and say whether it held."""
