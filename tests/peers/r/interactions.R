# Two risk factors: log-binomial and linear-binomial models of all four cells (glm).

source("common.R")

suppressPackageStartupMessages(library(msm))

z <- qnorm(0.975)

for (cells in cases_of(read_input("interactions"))) {
  case <- cells$case[1]
  shares <- cbind(cells$events, cells$n - cells$events)
  exact <- glm.control(epsilon = 1e-12, maxit = 200)
  rates <- cells$events / cells$n

  # The cells' own rates solve a saturated model, so the fit starts where it ends.
  log_binomial <- glm(
    shares ~ a * b, binomial("log"), cells, mustart = rates, control = exact
  )
  covariance <- vcov(log_binomial)
  main <- coef(log_binomial)
  reri <- exp(sum(main[2:4])) - exp(main[[2]]) - exp(main[[3]]) + 1
  # Hosmer & Lemeshow (1992) with risk ratios.
  reri_se <- deltamethod(~ exp(x2 + x3 + x4) - exp(x2) - exp(x3) + 1, main, covariance)
  keep(case, list(
    reri = reri, reri_low = reri - z * reri_se, reri_high = reri + z * reri_se,
    rr_ratio = exp(main[["a:b"]]),
    rr_ratio_low = exp(main[["a:b"]] - z * sqrt(covariance["a:b", "a:b"])),
    rr_ratio_high = exp(main[["a:b"]] + z * sqrt(covariance["a:b", "a:b"]))
  ))

  linear <- glm(
    shares ~ a * b, binomial("identity"), cells, mustart = rates, control = exact
  )
  difference <- coef(linear)[["a:b"]]
  se <- sqrt(vcov(linear)["a:b", "a:b"])
  keep(case, list(
    rd_difference = difference,
    rd_difference_low = difference - z * se, rd_difference_high = difference + z * se
  ))
}
write_kept("interactions")
