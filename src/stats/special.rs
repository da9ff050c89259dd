//! The distributions that the other formulas need.
//!
//! Invariant: answers are accurate to about 1e-12 in the range used here.

/// The natural logarithm of n!, summed.
pub fn ln_factorial(n: u64) -> f64 {
    (2..=n).map(|k| (k as f64).ln()).sum()
}

/// The probability of at most `k` heads in `n` throws of a fair coin.
pub fn fair_cdf(k: u64, n: u64) -> f64 {
    if k >= n {
        return 1.0;
    }
    let all = ln_factorial(n) - n as f64 * std::f64::consts::LN_2;
    let (mut low, mut high, mut sum) = (0.0, ln_factorial(n), 0.0);
    for heads in 0..=k {
        if heads > 0 {
            low += (heads as f64).ln();
            high -= ((n - heads + 1) as f64).ln();
        }
        sum += (all - low - high).exp();
    }
    sum.min(1.0)
}

/// The standard normal distribution function (Marsaglia: Evaluating the Normal Distribution, 2004).
pub fn normal_cdf(x: f64) -> f64 {
    if x.abs() > 8.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let (mut sum, mut term, mut i) = (x, x, 1.0);
    loop {
        i += 2.0;
        term *= x * x / i;
        let next = sum + term;
        if next.to_bits() == sum.to_bits() {
            break;
        }
        sum = next;
    }
    0.5 + sum * (-0.5 * x * x - 0.5 * std::f64::consts::TAU.ln()).exp()
}

/// Where the standard normal distribution function is `p`, by bisection; `p` between 1e-12 and 1 - 1e-12.
pub fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if normal_cdf(middle) < p { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-12);
        assert!((normal_cdf(-1.0) - 0.158_655_253_931_457).abs() < 1e-12);
        assert!((fair_cdf(2, 5) - 0.5).abs() < 1e-14);
        assert!((fair_cdf(0, 10) - 1.0 / 1024.0).abs() < 1e-15);
        assert!((fair_cdf(10, 10) - 1.0).abs() < 1e-15);
    }
}
