using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.Http.Resilience;

internal sealed class HttpStandardResilienceOptionsValidator : IValidateOptions<HttpStandardResilienceOptions>
{
    public ValidateOptionsResult Validate(string? name, HttpStandardResilienceOptions options)
    {
        var problems = new ValidateOptionsResultBuilder();
        AddAnnotationProblems(problems, options, nameof(HttpStandardResilienceOptions));
        if (options is { RateLimiter: null } or { TotalRequestTimeout: null } or { Retry: null } or { CircuitBreaker: null } or { AttemptTimeout: null })
        {
            return problems.Build();
        }

        AddAnnotationProblems(problems, options.RateLimiter, nameof(options.RateLimiter));
        AddAnnotationProblems(problems, options.TotalRequestTimeout, nameof(options.TotalRequestTimeout));
        AddAnnotationProblems(problems, options.Retry, nameof(options.Retry));
        AddAnnotationProblems(problems, options.CircuitBreaker, nameof(options.CircuitBreaker));
        AddAnnotationProblems(problems, options.AttemptTimeout, nameof(options.AttemptTimeout));
        AddRelationProblems(problems, options);
        return problems.Build();
    }

    private static void AddRelationProblems(ValidateOptionsResultBuilder problems, HttpStandardResilienceOptions options)
    {
        var attempt = options.AttemptTimeout.Timeout;
        if (attempt > options.TotalRequestTimeout.Timeout)
        {
            problems.AddError(
                $"The total request timeout ({options.TotalRequestTimeout.Timeout.TotalSeconds} s) must not be shorter than the attempt timeout ({attempt.TotalSeconds} s).");
        }

        if (options.CircuitBreaker.SamplingDuration < attempt * 2)
        {
            problems.AddError(
                $"The sampling duration of the circuit breaker ({options.CircuitBreaker.SamplingDuration.TotalSeconds} s) must be at least double the attempt timeout ({attempt.TotalSeconds} s).");
        }
    }

    private static void AddAnnotationProblems(ValidateOptionsResultBuilder problems, object instance, string member)
    {
        var results = new List<ValidationResult>();
        Validator.TryValidateObject(instance, new ValidationContext(instance), results, validateAllProperties: true);
        foreach (var result in results)
        {
            problems.AddError(result.ErrorMessage ?? "The value is invalid.", member);
        }
    }
}
