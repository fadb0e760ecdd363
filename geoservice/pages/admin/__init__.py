"""The pages of administrators: areas at the left, one table each, what is changed on a page of its own."""
