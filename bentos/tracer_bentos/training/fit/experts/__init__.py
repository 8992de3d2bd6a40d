"""The fits of the two kinds of experts: TF-IDF linear and kernel ridge."""
