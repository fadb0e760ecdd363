"""When a jurisdiction works: hours of the week, and days that are not as their weekday."""
