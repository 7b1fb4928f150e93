# Two groups: Newcombe's method 10 from prop.test's Wilson limits, risk ratio (epitools), tests.

source("common.R")

suppressPackageStartupMessages(library(epitools))

wilson <- function(events, n) {
  suppressWarnings(prop.test(events, n, correct = FALSE))$conf.int
}

table <- read_input("two_groups")
for (row in split(table, seq_len(nrow(table)))) {
  one <- row$events / row$n
  other <- row$other_events / row$other_n
  limits <- wilson(row$events, row$n)
  other_limits <- wilson(row$other_events, row$other_n)
  keep(row$case, list(
    difference = one - other,
    difference_low = one - other - sqrt((one - limits[1])^2 + (other_limits[2] - other)^2),
    difference_high = one - other + sqrt((limits[2] - one)^2 + (other - other_limits[1])^2)
  ))

  # The reference group first, events in the second column.
  counts <- matrix(
    c(row$other_n - row$other_events, row$n - row$events, row$other_events, row$events),
    nrow = 2, dimnames = list(c("other", "one"), c("no", "yes"))
  )
  ratio <- c(NA, NA, NA)
  if (row$events > 0 && row$other_events > 0) {
    # It tests as well, and warns of small counts while at it.
    ratio <- suppressWarnings(riskratio.wald(counts)$measure["one", ])
  }
  keep(row$case, list(ratio = ratio[[1]], ratio_low = ratio[[2]], ratio_high = ratio[[3]]))

  score <- suppressWarnings(chisq.test(counts, correct = FALSE))
  keep(row$case, list(
    score_p = score$p.value,
    fisher_p = fisher.test(counts)$p.value,
    smallest_expected = min(score$expected)
  ))
}
write_kept("two_groups")
