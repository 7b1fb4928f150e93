# Kaplan-Meier with Greenwood's variance and log-log limits (survfit), as cumulative incidence.

source("common.R")

suppressPackageStartupMessages(library(survival))

keep_curve <- function(case, table) {
  curve <- survfit(Surv(day, has_event) ~ 1, table, conf.type = "log-log")
  # One line a day on which something happened; limits change places, as 1 - survival does.
  for (i in seq_along(curve$time)) {
    at <- setNames(
      c(
        curve$n.risk[i], curve$n.event[i], curve$n.censor[i],
        1 - curve$surv[i], 1 - curve$upper[i], 1 - curve$lower[i]
      ),
      c("n_at_risk", "events", "censored", "cumulative_incidence", "ci_low", "ci_high")
    )
    keep(case, setNames(at, paste(names(at), curve$time[i], sep = ".")))
  }
}

for (table in cases_of(read_input("survival"))) {
  keep_curve(table$case[1], table)
  if (any(table$weight != 1)) {
    # A weight is a number of like patients.
    keep_curve(
      paste0(table$case[1], "_weighted"), table[rep(seq_len(nrow(table)), table$weight), ]
    )
  }
}
write_kept("survival")
