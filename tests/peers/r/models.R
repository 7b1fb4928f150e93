# Regression: modified Poisson (glm, sandwich), logistic (glm), marginal standardisation (numDeriv).

source("common.R")

suppressPackageStartupMessages({
  library(sandwich)
  library(numDeriv)
})

exact <- glm.control(epsilon = 1e-14, maxit = 100)

keep_fit <- function(case, fit, covariance) {
  keep(case, label("coefficient", coef(fit)))
  keep(case, label("covariance", covariance))
  keep(case, list(
    log_likelihood = as.numeric(logLik(fit)),
    dispersion = sum(residuals(fit, "pearson")^2) / df.residual(fit)
  ))
}

# Everybody with the exposure, everybody without; the patients themselves are taken as they are.
keep_standardised <- function(case, fit, exposure) {
  risks <- function(beta) {
    sapply(1:0, function(value) {
      set_to <- model.matrix(fit)
      set_to[, exposure] <- value
      mean(plogis(set_to %*% beta))
    })
  }
  at <- risks(coef(fit))
  derived <- function(beta) c(risks(beta)[1] - risks(beta)[2], log(risks(beta)[1] / risks(beta)[2]))
  slopes <- jacobian(derived, coef(fit), method.args = list(r = 6))
  se <- sqrt(diag(slopes %*% vcov(fit) %*% t(slopes)))
  z <- qnorm(0.975)
  rd <- at[1] - at[2]
  rr <- at[1] / at[2]
  keep(paste0(case, ".", exposure), list(
    risk1 = at[1], risk0 = at[2],
    rd = rd, rd_low = rd - z * se[1], rd_high = rd + z * se[1],
    rr = rr, rr_low = rr * exp(-z * se[2]), rr_high = rr * exp(z * se[2]),
    p_value = 2 * pnorm(-abs(rd) / se[1])
  ))
}

# The share of pairs that the predicted risk puts in the right order; ties count half.
keep_c_statistic <- function(case, fit) {
  with_event <- fitted(fit)[fit$y == 1]
  without <- fitted(fit)[fit$y == 0]
  differences <- round(outer(with_event, without, "-"), 12)
  keep(case, list(c_statistic = mean((differences > 0) + (differences == 0) / 2)))
}

table <- read_input("model")
table$decades <- table$age / 10
factors <- y ~ biological + psychological + environmental + sex
everything <- update(factors, . ~ . + decades + severity)

models <- list(
  everything = list(everything, table),
  # A weight is a number of like patients.
  weighted = list(everything, table[rep(seq_len(nrow(table)), table$weight), ]),
  # Many patients share these; Python may have them grouped.
  factors = list(factors, table)
)
for (case in names(models)) {
  formula <- models[[case]][[1]]
  rows <- models[[case]][[2]]
  poisson_fit <- glm(formula, poisson("log"), rows, control = exact)
  keep_fit(paste0("poisson.", case), poisson_fit, vcovHC(poisson_fit, type = "HC0"))
  logistic <- glm(formula, binomial("logit"), rows, control = exact)
  keep_fit(paste0("logistic.", case), logistic, vcov(logistic))
  keep_c_statistic(paste0("logistic.", case), logistic)
  for (exposure in c("biological", "psychological")) {
    keep_standardised(paste0("standardised.", case), logistic, exposure)
  }
}
write_kept("models")
