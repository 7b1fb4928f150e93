# Single proportions: Wilson (prop.test), Clopper-Pearson (binom.test), the score test (prop.test).

source("common.R")

for (row in split(read_input("proportions"), seq_len(nrow(read_input("proportions"))))) {
  # prop.test warns of small expected counts; here that is the point.
  wilson <- function(level) {
    suppressWarnings(prop.test(row$events, row$n, conf.level = level, correct = FALSE))$conf.int
  }
  exact <- function(level) binom.test(row$events, row$n, conf.level = level)$conf.int
  score <- suppressWarnings(prop.test(row$events, row$n, p = 0.3, correct = FALSE))
  keep(row$case, list(
    wilson95_low = wilson(0.95)[1], wilson95_high = wilson(0.95)[2],
    wilson90_low = wilson(0.90)[1], wilson90_high = wilson(0.90)[2],
    exact95_low = exact(0.95)[1], exact95_high = exact(0.95)[2],
    exact90_low = exact(0.90)[1], exact90_high = exact(0.90)[2],
    score_p_against_0.3 = score$p.value
  ))
}
write_kept("proportions")
