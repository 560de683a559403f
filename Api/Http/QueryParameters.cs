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
        var known = Names(context.MethodInfo.GetParameters()).ToDictionary(StringComparer.Ordinal);
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

    private static Problem? FindProblem(IQueryCollection query, Dictionary<string, bool> known)
    {
        foreach (var (name, values) in query)
        {
            if (!known.TryGetValue(name, out var isRepeatable))
            {
                var message = known.Count == 0
                    ? $"There is no parameter '{name}' here."
                    : $"There is no parameter '{name}' here; known are {string.Join(", ", known.Keys)}.";
                return new Problem(Errors.UnknownParameter, message, [new ErrorDetail(name, "UNKNOWN", message)]);
            }

            if (values.Count > 1 && !isRepeatable)
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

    /// <summary>The parameters, and whether they may be given more than once: those that are arrays.</summary>
    private static IEnumerable<KeyValuePair<string, bool>> Names(IEnumerable<ParameterInfo> parameters) => parameters.SelectMany(parameter =>
        parameter.IsDefined(typeof(AsParametersAttribute), inherit: false)
            ? parameter.ParameterType.GetProperties()
                .Select(property => (property.GetCustomAttribute<FromQueryAttribute>()?.Name, property.PropertyType))
            : [(parameter.GetCustomAttribute<FromQueryAttribute>()?.Name, parameter.ParameterType)])
        .Where(pair => pair.Name is not null)
        .Select(pair => KeyValuePair.Create(pair.Name!, pair.Item2.IsArray));
}
