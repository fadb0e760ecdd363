"""The same assignment on Apache Spark: rows are answered where they lie, and the result is a folder of part files."""
