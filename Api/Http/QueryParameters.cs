using System.Reflection;
using Microsoft.AspNetCore.Mvc;

namespace Workflows.Api.Http;

/// <summary>
/// Refuses query parameters that a handler does not have: a misspelt filter would otherwise return everything and look like an answer.
/// The handler's own parameters are the allow-list.
/// </summary>
internal static class QueryParameters
{
    public static EndpointFilterDelegate RejectUnknown(EndpointFilterFactoryContext context, EndpointFilterDelegate next)
    {
        var known = Names(context.MethodInfo.GetParameters()).ToHashSet(StringComparer.Ordinal);
        return invocation =>
        {
            var request = invocation.HttpContext.Request;
            if (request.QueryString.HasValue && FindProblem(request.Query, known) is { } problem)
            {
                return ValueTask.FromResult<object?>(problem);
            }

            return next(invocation);
        };
    }

    private static Problem? FindProblem(IQueryCollection query, HashSet<string> known)
    {
        foreach (var (name, values) in query)
        {
            if (!known.Contains(name))
            {
                var message = known.Count == 0
                    ? $"There is no parameter '{name}' here."
                    : $"There is no parameter '{name}' here; known are {string.Join(", ", known)}.";
                return new Problem(Errors.UnknownParameter, message, [new ErrorDetail(name, "UNKNOWN", message)]);
            }

            if (values.Count > 1)
            {
                return new Problem(Errors.UnknownParameter, $"The parameter '{name}' was given twice.");
            }

            if (values.ToString().Contains('\0', StringComparison.Ordinal))
            {
                return Problem.Parameter(name, $"'{name}' holds the character U+0000.");
            }
        }

        return null;
    }

    private static IEnumerable<string> Names(IEnumerable<ParameterInfo> parameters) => parameters.SelectMany(parameter =>
        parameter.IsDefined(typeof(AsParametersAttribute), inherit: false)
            ? parameter.ParameterType.GetProperties().Select(property => property.GetCustomAttribute<FromQueryAttribute>()?.Name).OfType<string>()
            : parameter.GetCustomAttribute<FromQueryAttribute>()?.Name is { } name ? [name] : []);
}
