# Families of p-values: Holm and Benjamini-Hochberg (p.adjust).

source("common.R")

for (family in cases_of(read_input("p_values"))) {
  names <- as.character(family$position)
  keep(family$case[1], label("holm", setNames(p.adjust(family$p, "holm"), names)))
  keep(family$case[1], label("bh", setNames(p.adjust(family$p, "BH"), names)))
}
write_kept("p_values")
