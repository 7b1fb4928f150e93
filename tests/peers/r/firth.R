# Firth's logistic regression: estimates by brglm2, limits and tests by the penalised likelihood.

source("common.R")

suppressPackageStartupMessages({
  library(brglm2)
  library(numDeriv)
})

penalised <- function(beta, x, y) {
  linear <- as.vector(x %*% beta)
  risk <- plogis(linear)
  information <- crossprod(x * sqrt(risk * (1 - risk)))
  sum(y * linear - log1p(exp(linear))) + as.numeric(determinant(information)$modulus) / 2
}

slope <- function(beta, x, y) {
  risk <- plogis(as.vector(x %*% beta))
  root <- x * sqrt(risk * (1 - risk))
  leverage <- rowSums((root %*% solve(crossprod(root))) * root)
  as.vector(crossprod(x, y - risk + leverage * (0.5 - risk)))
}

# The penalty is that of all coefficients, also of one that is held (as in logistf).
highest <- function(x, y, start, held = integer()) {
  free <- setdiff(seq_along(start), held)
  full <- function(part) replace(start, free, part)
  found <- optim(
    start[free],
    function(part) -penalised(full(part), x, y), function(part) -slope(full(part), x, y)[free],
    method = "BFGS", control = list(reltol = 1e-16, maxit = 1000)
  )
  found <- nlminb(
    found$par,
    function(part) -penalised(full(part), x, y), function(part) -slope(full(part), x, y)[free],
    control = list(rel.tol = 1e-15, x.tol = 1e-15, iter.max = 1000, eval.max = 1000)
  )
  stopifnot(max(abs(slope(full(found$par), x, y)[free])) < 1e-6)
  list(beta = full(found$par), value = -found$objective)
}

table <- read_input("firth")
samples <- list(plain = table, weighted = table[rep(seq_len(nrow(table)), table$weight), ])
for (case in names(samples)) {
  rows <- samples[[case]]
  fit <- glm(
    y ~ rare + common + score, binomial("logit"), rows,
    method = "brglmFit", type = "AS_mean", epsilon = 1e-12, maxit = 10000
  )
  x <- model.matrix(fit)
  y <- rows$y
  beta <- coef(fit)
  stopifnot(max(abs(grad(function(at) penalised(at, x, y), beta))) < 1e-6)
  top <- penalised(beta, x, y)
  stopifnot(abs(highest(x, y, unname(beta))$value - top) < 1e-10)
  keep(case, label("coefficient", beta))
  keep(case, list(penalised_log_likelihood = top))

  for (at in seq_along(beta)) {
    name <- names(beta)[at]
    profile <- function(value) highest(x, y, replace(unname(beta), at, value), at)$value
    fallen <- function(value) profile(value) - top + qchisq(0.95, 1) / 2
    limit <- function(side) {
      far <- beta[[at]] + side
      while (fallen(far) > 0) far <- beta[[at]] + 2 * (far - beta[[at]])
      uniroot(fallen, sort(c(beta[[at]], far)), tol = 1e-12)$root
    }
    keep(case, setNames(
      c(limit(-1), limit(1), pchisq(2 * (top - profile(0)), 1, lower.tail = FALSE)),
      paste(c("ci_low", "ci_high", "p_value"), name, sep = ".")
    ))
  }
}
write_kept("firth")
