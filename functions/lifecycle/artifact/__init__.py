"""The artifact: the image or zip that the runtime runs, built only if its source is new."""
