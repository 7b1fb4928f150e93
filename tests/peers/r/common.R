# What every script here uses: inputs in, one table `case,quantity,value` out.
#
# Run from this folder:
#
#   Rscript proportions.R            writes expected/proportions.csv
#   Rscript proportions.R some/dir   writes some/dir/proportions.csv

options(warn = 2, digits = 17)

arguments <- commandArgs(trailingOnly = TRUE)
out_dir <- if (length(arguments) > 0) arguments[[1]] else "expected"

read_input <- function(name) {
  read.csv(file.path("inputs", paste0(name, ".csv")), check.names = FALSE)
}

cases_of <- function(table) split(table, factor(table$case, levels = unique(table$case)))

kept <- list(case = character(), quantity = character(), value = numeric())

# `values` is a named vector or list of single numbers; NA is written where R has no answer.
keep <- function(case, values) {
  values <- unlist(values)
  stopifnot(is.numeric(values) || is.logical(values), !is.null(names(values)))
  kept$case <<- c(kept$case, rep(case, length(values)))
  kept$quantity <<- c(kept$quantity, names(values))
  kept$value <<- c(kept$value, as.numeric(values))
}

# Names a vector's or a matrix's numbers: `coefficient.age`, `covariance.age.sex`.
label <- function(prefix, x) {
  if (is.matrix(x)) {
    names <- outer(rownames(x), colnames(x), function(r, c) paste(prefix, r, c, sep = "."))
    return(setNames(as.vector(x), as.vector(names)))
  }
  setNames(x, paste(prefix, names(x), sep = "."))
}

write_kept <- function(topic) {
  text <- ifelse(is.na(kept$value), "nan", sprintf("%.17g", kept$value))
  text[is.infinite(kept$value)] <- ifelse(kept$value[is.infinite(kept$value)] > 0, "inf", "-inf")
  stopifnot(!grepl(",", c(kept$case, kept$quantity)))
  stopifnot(!duplicated(paste(kept$case, kept$quantity, sep = ",")))
  lines <- c("case,quantity,value", paste(kept$case, kept$quantity, text, sep = ","))
  dir.create(out_dir, showWarnings = FALSE, recursive = TRUE)
  file <- file(file.path(out_dir, paste0(topic, ".csv")), open = "wb")
  writeLines(lines, file, sep = "\n")
  close(file)
}
