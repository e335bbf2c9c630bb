"""The version, in one place: that of the package, and of what is in pickles."""

VERSION = "0.1.0"
