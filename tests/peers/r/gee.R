# Estimating equations with exchangeable correlation: written out, and the packages gee and geepack.

source("common.R")

suppressPackageStartupMessages({
  library(gee)
  library(geepack)
})

# Liang & Zeger (1986) by Fisher scoring to the last digit. The correlation is by moments, with the
# divisors (rows - p) and (pairs - p) of their paper, of SAS, of the package gee and of statsmodels.
iterate_equations <- function(x, y, id, family) {
  beta <- coef(glm.fit(x, y, family = family, control = glm.control(epsilon = 1e-14, maxit = 100)))
  members <- split(seq_along(y), id)
  pairs <- sum(sapply(members, function(rows) choose(length(rows), 2)))
  p <- ncol(x)
  for (iteration in 1:500) {
    linear <- as.vector(x %*% beta)
    mean <- family$linkinv(linear)
    pearson <- (y - mean) / sqrt(family$variance(mean))
    scale <- sum(pearson^2) / (length(y) - p)
    products <- sum(sapply(members, function(rows) {
      crossed <- outer(pearson[rows], pearson[rows])
      sum(crossed[upper.tri(crossed)])
    }))
    correlation <- products / scale / (pairs - p)

    bread <- matrix(0, p, p)
    meat <- matrix(0, p, p)
    score <- numeric(p)
    for (rows in members) {
      slopes <- family$mu.eta(linear[rows]) * x[rows, , drop = FALSE]
      working <- matrix(correlation, length(rows), length(rows))
      diag(working) <- 1
      spread <- sqrt(family$variance(mean[rows]))
      weight <- solve(working * outer(spread, spread))
      own <- as.vector(t(slopes) %*% weight %*% (y[rows] - mean[rows]))
      bread <- bread + t(slopes) %*% weight %*% slopes
      meat <- meat + outer(own, own)
      score <- score + own
    }
    step <- solve(bread, score)
    if (max(abs(step)) < 1e-13) break
    beta <- beta + step
  }
  stopifnot(iteration < 500)
  covariance <- solve(bread) %*% meat %*% solve(bread)
  dimnames(covariance) <- list(colnames(x), colnames(x))
  list(
    coefficients = setNames(as.vector(beta), colnames(x)), covariance = covariance,
    scale = scale, correlation = correlation
  )
}

table <- read_input("gee")
table$decades <- table$age / 10
formula <- y ~ biological + decades
x <- model.matrix(formula, table)
families <- list(log = poisson("log"), logit = binomial("logit"))

for (link in names(families)) {
  family <- families[[link]]
  own <- iterate_equations(x, table$y, table$patient, family)
  keep(link, label("coefficient", own$coefficients))
  keep(link, label("covariance", own$covariance))
  keep(link, list(correlation = own$correlation, scale = own$scale))

  # It says what it does on standard output.
  invisible(capture.output(by_gee <- suppressMessages(gee(
    formula, patient, table,
    family = family, corstr = "exchangeable", tol = 1e-12, maxiter = 200
  ))))
  keep(paste0(link, "_by_gee"), label("coefficient", coef(by_gee)))
  keep(paste0(link, "_by_gee"), label("covariance", by_gee$robust.variance))
  keep(paste0(link, "_by_gee"), list(
    correlation = by_gee$working.correlation[1, 2], scale = by_gee$scale
  ))

  # Other divisors: scale over the rows, correlation over the pairs.
  by_geepack <- geeglm(
    formula, family, table,
    id = patient, corstr = "exchangeable", control = geese.control(epsilon = 1e-12, maxit = 200)
  )
  covariance <- vcov(by_geepack)
  keep(paste0(link, "_by_geepack"), label("coefficient", coef(by_geepack)))
  keep(paste0(link, "_by_geepack"), label("covariance", covariance))
  keep(paste0(link, "_by_geepack"), list(
    correlation = by_geepack$geese$alpha[[1]], scale = by_geepack$geese$gamma[[1]]
  ))
}
write_kept("gee")
