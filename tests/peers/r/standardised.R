# Standardised differences and descriptions, from one row per person: base R's own mean, sd and
# quantile; for levels Mahalanobis' distance of the means of indicator columns, by the mean of the
# two covariance matrices as base R gives them (times (n - 1) / n: those of multinomial shares).

source("common.R")

people <- read_input("standardised")

shares_covariance <- function(indicators) {
  n <- nrow(indicators)
  cov(indicators) * (n - 1) / n
}

for (rows in cases_of(people)) {
  case <- rows$case[1]
  one <- rep(rows$value[rows$group == "one"], rows$count[rows$group == "one"])
  other <- rep(rows$value[rows$group == "other"], rows$count[rows$group == "other"])
  describe <- function(x) c(
    mean = mean(x), sd = sd(x),
    setNames(quantile(x, c(0.5, 0.25, 0.75), type = 7, names = FALSE), c("median", "q1", "q3"))
  )
  keep(case, label("one", describe(one)))
  keep(case, label("other", describe(other)))
  keep(case, c(number = (mean(one) - mean(other)) / sqrt((var(one) + var(other)) / 2)))
  levels <- sort(unique(c(one, other)))
  columns <- function(x) outer(x, levels[-1], "==") * 1
  first <- columns(one)
  second <- columns(other)
  pooled <- (shares_covariance(first) + shares_covariance(second)) / 2
  keep(case, c(levels = sqrt(mahalanobis(colMeans(first), colMeans(second), pooled))))
}
write_kept("standardised")
