# Restricted cubic splines: natural splines of the same knots (splines::ns) in a logistic model.

source("common.R")

suppressPackageStartupMessages(library(splines))

# Harrell (2015), section 2.4.5, by positive parts; the outer knots' distance squared as the scale.
harrell <- function(x, knots) {
  k <- length(knots)
  gap <- knots[k] - knots[k - 1]
  part <- function(at) pmax(x - at, 0)^3
  columns <- sapply(knots[seq_len(k - 2)], function(knot) {
    part(knot) - part(knots[k - 1]) * (knots[k] - knot) / gap +
      part(knots[k]) * (knots[k - 1] - knot) / gap
  })
  cbind(x, columns / (knots[k] - knots[1])^2)
}

exact <- glm.control(epsilon = 1e-14, maxit = 100)
table <- read_input("model")
ages <- seq(18, 90, by = 6)
knot_sets <- list(three = c(25, 50, 80), four = c(22, 40, 61, 84), five = c(21, 35, 52, 70, 86))

for (case in names(knot_sets)) {
  knots <- knot_sets[[case]]
  basis <- harrell(ages, knots)
  if (requireNamespace("Hmisc", quietly = TRUE)) {
    given <- Hmisc::rcspline.eval(ages, knots, inclx = TRUE)
    stopifnot(isTRUE(all.equal(unname(basis), unname(unclass(given)), check.attributes = FALSE)))
  }
  dimnames(basis) <- list(ages, paste0("column", seq_len(ncol(basis))))
  keep(case, label("knot", setNames(knots, seq_along(knots))))
  keep(case, label("basis", basis))

  inner <- knots[-c(1, length(knots))]
  curve <- glm(
    y ~ ns(age, knots = inner, Boundary.knots = range(knots)) + sex, binomial("logit"), table,
    control = exact
  )
  line <- glm(y ~ age + sex, binomial("logit"), table, control = exact)
  at <- data.frame(age = ages, sex = 1)
  # On the scale of the linear predictor the standard error does not depend on how a basis is made.
  linear <- predict(curve, at, se.fit = TRUE)
  keep(case, label("linear_predictor", setNames(linear$fit, ages)))
  keep(case, label("linear_predictor_se", setNames(linear$se.fit, ages)))
  keep(case, label("risk", setNames(plogis(linear$fit), ages)))
  statistic <- 2 * as.numeric(logLik(curve) - logLik(line))
  keep(case, list(
    log_likelihood = as.numeric(logLik(curve)),
    nonlinearity_chi2 = statistic,
    nonlinearity_p = pchisq(statistic, length(knots) - 2, lower.tail = FALSE)
  ))
}

# Knots at quantiles of patients; the inverse of the distribution function, an age somebody has.
quantiles <- list(
  "3" = c(0.10, 0.50, 0.90), "4" = c(0.05, 0.35, 0.65, 0.95),
  "5" = c(0.05, 0.275, 0.50, 0.725, 0.95)
)
for (number in names(quantiles)) {
  places <- paste("knot", seq_along(quantiles[[number]]), sep = ".")
  chosen <- quantile(rep(table$age, table$weight), quantiles[[number]], type = 1)
  keep(paste0("quantiles", number), setNames(chosen, places))
}
write_kept("splines")
