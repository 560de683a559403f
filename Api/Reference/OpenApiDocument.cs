using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;

namespace Workflows.Api.Reference;

/// <summary>The OpenAPI 3.1 document: made from the routes themselves, completed with what all of them share.</summary>
internal static class OpenApiDocument
{
    public const string Name = "v1";

    /// <summary>The security scheme that takes an access token and an API key alike.</summary>
    public const string BearerScheme = "bearer";

    private const string KeyScheme = "apiKey";

    public static IServiceCollection AddApiReference(this IServiceCollection services, string? publicUrl) =>
        services.AddSingleton<OpenApiFile>().AddOpenApi(Name, options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer(async (document, context, cancellationToken) =>
        {
            Describe(document, publicUrl);
            var failure = await context.GetOrCreateSchemaAsync(typeof(ErrorEnvelope), null, cancellationToken);
            document.AddComponent(nameof(ErrorEnvelope), failure);
            document.Components!.Responses = RouteErrors.Shared(document);
            SchemaRules.Complete(document);
            SharedParts.MergeAlike(document);
            SharedParts.ShareParameters(document);
            SharedParts.OpenAnswers(document);
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            Complete(operation, context);
            return Task.CompletedTask;
        });
    });

    private static void Describe(Microsoft.OpenApi.OpenApiDocument document, string? publicUrl)
    {
        document.Servers = string.IsNullOrEmpty(publicUrl) ? [] : [new OpenApiServer { Url = publicUrl }];
        document.Info = new OpenApiInfo
        {
            Title = "Workflows",
            Version = Envelope.Version,
            Description = "Durable, multi-tenant workflows. Every answer is wrapped in an envelope; errors bear one of a closed list of codes.",
        };
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [BearerScheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "An access token of POST /api/v1/auth/login, or an API key (wfk_…).",
            },
            [KeyScheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = "X-Api-Key" },
        };
    }

    private static void Complete(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var isOpen = metadata.OfType<IAllowAnonymous>().Any();
        operation.OperationId = OperationId(context);
        if (!isOpen)
        {
            operation.Security =
            [
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(BearerScheme, context.Document)] = [] },
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(KeyScheme, context.Document)] = [] },
            ];
            if (metadata.OfType<PermissionRequirement>().LastOrDefault() is { Permission: not Permission.None } required)
            {
                operation.Description = $"Needs the permission `{Permissions.Names(required.Permission)[0]}`. {operation.Description}".TrimEnd();
            }
        }

        AddHeaders(operation, context);
        RouteErrors.Apply(operation, context.Description, context.Document!);
        Examples.Apply(operation);
    }

    private static void AddHeaders(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var method = context.Description.HttpMethod;
        if (method is "PATCH" or "DELETE" && !IsTokenRoute(context))
        {
            Add("If-Match", "ETag of the row that is changed; a stale one gets 412.", required: true);
        }

        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        if (method == "POST" && metadata.OfType<SuccessStatus>().Any() && !metadata.OfType<NotRepeatable>().Any())
        {
            Add("Idempotency-Key", "Names the request: repeating it within 24 hours has no further effect and gets the same answer.", required: false);
        }

        if (context.Description.RelativePath?.EndsWith("/execute", StringComparison.Ordinal) == true)
        {
            Add("Idempotency-Key", "Names the request: repeating it within 24 hours starts nothing more.", required: false);
            Add("Prefer", "`wait=N` answers with the result if the execution ends within N seconds.", required: false);
        }

        if (metadata.OfType<Staged>().Any())
        {
            Add(
                Staged.Parameter, "The transaction that the request is part of.", required: false,
                ParameterLocation.Query);
        }

        void Add(
            string name, string description, bool required, ParameterLocation location = ParameterLocation.Header)
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = name,
                In = location,
                Description = description,
                Required = required,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            });
        }
    }

    // Sessions and API keys are ended, not edited.
    private static bool IsTokenRoute(OpenApiOperationTransformerContext context) =>
        context.Description.RelativePath is { } path
        && (path.Contains("/auth/", StringComparison.Ordinal) || path.Contains("/api-keys", StringComparison.Ordinal)
            || path.Contains("/callbacks/", StringComparison.Ordinal) || path.Contains("/substitutions/", StringComparison.Ordinal)
            || path.Contains("/members/", StringComparison.Ordinal)
            || path.Contains("/sessions", StringComparison.Ordinal)
            || path.Contains("/second-factor", StringComparison.Ordinal)
            || path.Contains("/invitations/", StringComparison.Ordinal));

    private static string OperationId(OpenApiOperationTransformerContext context)
    {
        var path = context.Description.RelativePath ?? "";
        var words = path.Replace("api/v1/", "", StringComparison.Ordinal).Split(['/', '-', '{', '}', ':', '_'], StringSplitOptions.RemoveEmptyEntries)
            .Where(word => word is not ("guid" or "int"))
            .Select(word => char.ToUpperInvariant(word[0]) + word[1..]);
        return context.Description.HttpMethod!.ToLowerInvariant() + string.Concat(words);
    }
}
