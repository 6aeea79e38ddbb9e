"""What every journey may use."""

from tests.journeys.house import house as house
