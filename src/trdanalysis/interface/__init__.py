"""The Python interface, `import trdanalysis as trd`: results, labels and rates as pandas frames."""
