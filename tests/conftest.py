"""What all tests share: the gate runs the same random examples each time, a person new ones."""

import os

from hypothesis import settings

settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile("person", deadline=None)
settings.load_profile("gate" if os.environ.get("CI") else "person")
