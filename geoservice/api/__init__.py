"""The machine interface under /v1, one module per noun: parse, one service call, render."""
