"""The way back: an earlier version is tested on the endpoint `candidate`, and only then promoted."""
