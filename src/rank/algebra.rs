//! The little linear algebra a ranker needs: dot products, and symmetric positive definite systems.
//!
//! Invariant: sums run in a fixed order, so that the same numbers give the same bits.

/// Columns are padded to a multiple of this with zeros, so that products run in whole vectors.
pub(super) const LANES: usize = 8;

/// A dot product of single-precision rows, summed in lanes. Both have the same length, a multiple of [`LANES`].
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]))
}

/// A dot product in double precision; the shorter one counts.
pub(super) fn dot_wide(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The lower factor of a symmetric positive definite matrix of `n` x `n`, of which the lower half is read (Cholesky).
pub(super) fn factor(matrix: &[f64], n: usize) -> Vec<f64> {
    let mut root = vec![0.0; n * n];
    for j in 0..n {
        for k in 0..=j {
            let rest = matrix[j * n + k] - dot_wide(&root[j * n..j * n + k], &root[k * n..k * n + k]);
            root[j * n + k] = if j == k { rest.max(1e-12).sqrt() } else { rest / root[k * n + k] };
        }
    }
    root
}

/// Solves `root rootᵀ x = right`.
pub(super) fn solve(root: &[f64], right: &[f64]) -> Vec<f64> {
    let n = right.len();
    let mut found = right.to_vec();
    for j in 0..n {
        found[j] = (found[j] - dot_wide(&root[j * n..j * n + j], &found[..j])) / root[j * n + j];
    }
    for j in (0..n).rev() {
        let sum: f64 = (j + 1..n).map(|i| root[i * n + j] * found[i]).sum();
        found[j] = (found[j] - sum) / root[j * n + j];
    }
    found
}

/// The inverse of `root rootᵀ`.
pub(super) fn inverse(root: &[f64], n: usize) -> Vec<f64> {
    let mut whole = vec![0.0; n * n];
    let mut unit = vec![0.0; n];
    for column in 0..n {
        unit[column] = 1.0;
        for (row, value) in solve(root, &unit).into_iter().enumerate() {
            whole[row * n + column] = value;
        }
        unit[column] = 0.0;
    }
    whole
}

/// The logistic function.
pub(super) fn sigma(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}
