"""What tests with real processes stand on: a clock in a file, and a crew of workers and beats that may be killed."""

from tests.stage.clock_file import ClockFile
from tests.stage.crew import Crew

__all__ = ["ClockFile", "Crew"]
