using System.Reflection;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.OpenApi;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;

namespace Workflows.Api.Reference;

/// <summary>
/// How each route can fail: the codes that its handler names, and those of what every request of its kind passes
/// through. An operation refers to one shared answer for each status and says beside it which codes it means.
/// </summary>
internal static class RouteErrors
{
    private static readonly ErrorCode[] OfAll =
        [Errors.UnknownParameter, Errors.InvalidParameter, Errors.BadRequest, Errors.Internal, Errors.Unavailable];

    private static readonly ErrorCode[] OfCallers =
    [
        Errors.Unauthenticated, Errors.TokenExpired, Errors.SessionRevoked, Errors.Forbidden, Errors.RateLimited,
    ];

    private static readonly ErrorCode[] OfBodies =
    [
        Errors.InvalidJson, Errors.UnknownField, Errors.ValidationFailed, Errors.PayloadTooLarge,
        Errors.UnsupportedMediaType,
    ];

    // Sets that many operations have in common, as answers of their own: nothing needs to be said beside a reference.
    private static readonly Dictionary<string, ErrorCode[]> Usual = new()
    {
        ["Usual400"] = [Errors.UnknownParameter, Errors.InvalidParameter, Errors.BadRequest],
        ["UsualOfLists400"] =
            [Errors.UnknownParameter, Errors.InvalidParameter, Errors.InvalidCursor, Errors.BadRequest],
        ["UsualOfBodies400"] =
        [
            Errors.InvalidJson, Errors.UnknownField, Errors.UnknownParameter, Errors.InvalidParameter,
            Errors.ValidationFailed, Errors.BadRequest,
        ],
        ["Usual401"] = [Errors.Unauthenticated, Errors.TokenExpired, Errors.SessionRevoked],
        ["Usual403"] = [Errors.Forbidden, Errors.TermsNotAccepted],
        ["Usual409"] = [Errors.NameTaken, Errors.Conflict],
        ["Usual422"] = [Errors.IdempotencyKeyReused],
    };

    // What any request may meet, whatever it asks for; there is no use in repeating it by status in each operation.
    private static readonly Dictionary<string, ErrorCode[]> Default = new()
    {
        ["Default"] = [Errors.RateLimited, Errors.Internal, Errors.Unavailable],
        ["DefaultOfOpen"] = [Errors.Internal, Errors.Unavailable],
    };

    private static readonly ErrorCode[] OfStaged = [Errors.TransactionNotFound, Errors.TransactionEnded];

    /// <summary>In the order of <see cref="Errors.All"/>.</summary>
    public static IEnumerable<ErrorCode> Of(ApiDescription route)
    {
        var metadata = route.ActionDescriptor.EndpointMetadata;
        var codes = new HashSet<ErrorCode>(NamedErrors.Of(Methods(metadata)));
        codes.UnionWith(OfAll);
        if (!metadata.OfType<IAllowAnonymous>().Any())
        {
            codes.UnionWith(OfCallers);
            if (!metadata.OfType<OpenBeforeTerms>().Any())
            {
                codes.Add(Errors.TermsNotAccepted);
            }
        }

        if (metadata.OfType<IAcceptsMetadata>().Any())
        {
            codes.UnionWith(OfBodies);
        }

        if (metadata.OfType<Staged>().Any())
        {
            codes.UnionWith(OfStaged);
        }

        if (route.RelativePath?.Contains('{', StringComparison.Ordinal) == true
            && codes.All(code => code.Status != StatusCodes.Status404NotFound))
        {
            codes.Add(Errors.RouteNotFound); // what stands in the address is not of its form
        }

        // Both belong to code that all bodies and all changes share.
        if (!metadata.OfType<ReadsYaml>().Any())
        {
            codes.Remove(Errors.InvalidYaml);
        }

        if (route.HttpMethod != HttpMethods.Post || metadata.OfType<NotRepeatable>().Any())
        {
            codes.Remove(Errors.IdempotencyKeyReused);
        }

        return Errors.All.Where(codes.Contains);
    }

    /// <summary>The answers that operations refer to, by their names.</summary>
    public static Dictionary<string, IOpenApiResponse> Shared(Microsoft.OpenApi.OpenApiDocument document) =>
        Errors.All.GroupBy(error => error.Status).OrderBy(group => group.Key)
            .Select(group => (Name: NameOf(group.Key), Codes: group.ToArray()))
            .Concat(Usual.Concat(Default).Select(usual => (Name: usual.Key, Codes: usual.Value)))
            .ToDictionary(
                answer => answer.Name,
                IOpenApiResponse (answer) => new OpenApiResponse
                {
                    Description = Describe(answer.Codes),
                    Content = new Dictionary<string, OpenApiMediaType>
                    {
                        [Envelope.MediaType] = new()
                        {
                            Schema = new OpenApiSchemaReference(nameof(ErrorEnvelope), document),
                            Example = Examples.Of(answer.Codes[0]),
                        },
                    },
                });

    public static void Apply(
        OpenApiOperation operation, ApiDescription route, Microsoft.OpenApi.OpenApiDocument document)
    {
        operation.Responses ??= [];
        var codes = Of(route).ToList();
        var (name, usually) = Default.First(usually => usually.Value.All(codes.Contains));
        foreach (var group in codes.GroupBy(error => error.Status).OrderBy(group => group.Key))
        {
            if (group.All(usually.Contains))
            {
                continue;
            }

            var usual = Usual.FirstOrDefault(usual => usual.Value.ToHashSet().SetEquals(group)).Key;
            var answer = new OpenApiResponseReference(usual ?? NameOf(group.Key), document);
            var isEvery = group.Count() == Errors.All.Count(error => error.Status == group.Key);
            if (usual is null && !isEvery)
            {
                answer.Description = Describe(group);
            }

            operation.Responses[$"{group.Key}"] = answer;
        }

        operation.Responses["default"] = new OpenApiResponseReference(name, document);
    }

    private static string Describe(IEnumerable<ErrorCode> codes) =>
        string.Join(" ", codes.Select(error => $"`{error.Code}`"));

    private static string NameOf(int status) => $"Error{status}";

    // A parameter may read the request itself, and fail.
    private static IEnumerable<MethodBase> Methods(IList<object> metadata)
    {
        var handlers = metadata.OfType<MethodInfo>().ToList();
        return handlers.Concat(handlers.SelectMany(handler => handler.GetParameters())
            .SelectMany(parameter => parameter.ParameterType.GetMethods(BindingFlags.Public | BindingFlags.Static))
            .Where(method => method.Name == "BindAsync"));
    }
}
