"""How it is learned, measured and run: methods, models, measures, and the engine that runs sweeps of them."""
