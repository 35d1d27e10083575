"""The artifact: the image or zip that the runtime runs. It is built only if its source is new."""
