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

/// The natural logarithm of the gamma function for `x` > 0 (Lanczos 1964, with the g = 7, n = 9 coefficients of Godfrey).
pub fn ln_gamma(x: f64) -> f64 {
    const C: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        // Reflection.
        return (std::f64::consts::PI / (std::f64::consts::PI * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let t = x + 7.5;
    let sum = C.iter().enumerate().skip(1).fold(C[0], |sum, (i, c)| sum + c / (x + i as f64));
    0.5 * std::f64::consts::TAU.ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// The value of a continued fraction whose partial numerators and denominators are given, by Lentz's method
/// (Thompson and Barnett 1986).
fn lentz(first: f64, terms: impl Iterator<Item = (f64, f64)>) -> f64 {
    const TINY: f64 = 1e-300;
    let or_tiny = |x: f64| if x.abs() < TINY { TINY } else { x };
    let mut value = or_tiny(first);
    let (mut c, mut d) = (value, 0.0);
    for (a, b) in terms {
        d = 1.0 / or_tiny(b + a * d);
        c = or_tiny(b + a / c);
        value *= c * d;
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

/// The regularised incomplete beta function `I_x(a, b)` (continued fraction DLMF 8.17.22).
pub fn beta_cdf(x: f64, (a, b): (f64, f64)) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    // It converges fast on one side of the mean only.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_cdf(1.0 - x, (b, a));
    }
    let front = (a * x.ln() + b * (-x).ln_1p() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b)).exp() / a;
    let term = |i: u32| {
        let m = f64::from(i / 2);
        if i.is_multiple_of(2) {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        }
    };
    front / lentz(1.0, (1..2_000).map(|i| (term(i), 1.0)))
}

/// Where `I_x(a, b)` is `p`, by bisection.
pub fn beta_quantile(p: f64, shape: (f64, f64)) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if beta_cdf(middle, shape) < p {
            low = middle;
        } else {
            high = middle;
        }
        if high - low <= f64::EPSILON * high {
            break;
        }
    }
    f64::midpoint(low, high)
}

/// Where the distribution of Student's t with `dof` degrees of freedom is `p`, for `p` of a half and more: x = dof / (dof +
/// t²) is distributed as Beta(dof / 2, 1 / 2) (DLMF 8.17).
pub fn t_quantile(p: f64, dof: f64) -> f64 {
    let x = beta_quantile(2.0 * (1.0 - p), (dof / 2.0, 0.5));
    (dof * (1.0 / x - 1.0)).max(0.0).sqrt()
}

/// The probability of at most `k` successes in `n` trials of chance `p` (DLMF 8.17.5).
pub fn binomial_cdf(k: u64, n: u64, p: f64) -> f64 {
    if k >= n { 1.0 } else { beta_cdf(1.0 - p, ((n - k) as f64, k as f64 + 1.0)) }
}

/// The upper regularised incomplete gamma function `Q(a, x)` (series DLMF 8.11.4 below a + 1, else the continued fraction
/// DLMF 8.9.2).
pub fn gamma_upper(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let front = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut sum, mut term, mut k) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-17 {
            k += 1.0;
            term *= x / k;
            sum += term;
        }
        return 1.0 - front * sum;
    }
    let terms = (1..2_000).map(|i| {
        let i = f64::from(i);
        (i * (a - i), x + 2.0 * i + 1.0 - a)
    });
    front / lentz(x + 1.0 - a, terms)
}

/// The probability that a chi-square of `dof` degrees of freedom is larger than `x`.
pub fn chi_square_tail(x: f64, dof: u64) -> f64 {
    gamma_upper(dof as f64 / 2.0, x / 2.0)
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
        assert!((ln_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-13);
        assert!((ln_gamma(11.0) - ln_factorial(10)).abs() < 1e-12);
        assert!((beta_cdf(0.3, (2.0, 3.0)) - 0.3483).abs() < 1e-12);
        assert!((beta_quantile(0.3483, (2.0, 3.0)) - 0.3).abs() < 1e-12);
        assert!((binomial_cdf(1, 4, 0.25) - 0.738_281_25).abs() < 1e-12);
        assert!((binomial_cdf(0, 22, 0.1) - 0.9_f64.powi(22)).abs() < 1e-13);
        // One degree of freedom is the square of a normal; two are an exponential.
        assert!((chi_square_tail(3.841_458_820_694_124, 1) - 0.05).abs() < 1e-12);
        assert!((chi_square_tail(7.0, 2) - (-3.5_f64).exp()).abs() < 1e-12);
        assert!((t_quantile(0.975, 9.0) - 2.262_157_162_740_992).abs() < 1e-9);
        assert!((t_quantile(0.975, 1e6) - normal_quantile(0.975)).abs() < 1e-5);
    }
}
