# Agreement of two labels: kappa, shares of agreement; the variance of kappa by the delta method on
# the multinomial shares, with R's own derivative (deriv).

source("common.R")

# Of two labels kappa is this, in shares of the four cells.
kappa_of <- deriv(
  ~ 2 * (a * d - b * c) / ((a + b) * (b + d) + (a + c) * (c + d)),
  c("a", "b", "c", "d"),
  function(a, b, c, d) NULL
)

share <- function(part, whole) if (whole == 0) NA else part / whole

for (row in cases_of(read_input("agreement"))) {
  cells <- c(row$both, row$first, row$second, row$neither)
  n <- sum(cells)
  p <- cells / n
  apart <- row$first + row$second
  one_label <- any(c(p[1] + p[2], p[3] + p[4], p[1] + p[3], p[2] + p[4]) == 0)
  kappa <- low <- high <- NA
  if (!one_label) {
    found <- kappa_of(p[1], p[2], p[3], p[4])
    kappa <- as.numeric(found)
    slope <- as.vector(attr(found, "gradient"))
    variance <- drop(slope %*% (diag(p) - outer(p, p)) %*% slope) / n
    if (variance * n > 1e-9) {
      low <- max(-1, kappa - qnorm(0.975) * sqrt(variance))
      high <- min(1, kappa + qnorm(0.975) * sqrt(variance))
    }
  }
  keep(row$case[1], list(
    observed_agreement = share(row$both + row$neither, n),
    kappa = kappa,
    ci_low = low,
    ci_high = high,
    jaccard = share(row$both, row$both + apart),
    positive_agreement = share(2 * row$both, 2 * row$both + apart),
    negative_agreement = share(2 * row$neither, 2 * row$neither + apart)
  ))
}
write_kept("agreement")
