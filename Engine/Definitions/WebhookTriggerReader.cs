using static Workflows.Engine.Definitions.DefinitionProblemCodes;

namespace Workflows.Engine.Definitions;

/// <summary>Reads a trigger of the type <c>webhook</c>.</summary>
internal static class WebhookTriggerReader
{
    internal static readonly string[] KnownMethods = ["GET", "POST", "PUT", "PATCH", "DELETE"];

    // What authenticates the caller must not lie in the input of an execution.
    private static readonly string[] ForbiddenHeaders = ["authorization", "cookie", "proxy-authorization", "x-api-key", "x-webhook-token"];

    public static TriggerDefinition Read(ObjectReader reader, ProblemList problems)
    {
        reader.RejectUnknown("id", "type", "path", "methods", "auth", "scheme", "secret", "toleranceSeconds", "headers", "respond", "waitSeconds");
        var path = reader.Text("path", Limits.WebhookPathLength, required: true);
        if (path is not null && !IsPath(path))
        {
            problems.Add(reader.At("path"), FieldValue, $"'{path}' cannot be a webhook's path.", "Write segments of letters, digits, '_' and '-', e.g. shop/orders.");
        }

        var auth = reader.Choice("auth", WebhookAuth.Hmac);
        var secret = reader.Text("secret", Limits.NameLength);
        if (auth != WebhookAuth.None && string.IsNullOrEmpty(secret))
        {
            problems.Add(reader.At("secret"), FieldMissing, $"A webhook with auth '{ObjectReader.CamelCase(auth.ToString())}' needs a secret.", "Name a secret of the tenant.");
        }
        else if (auth == WebhookAuth.None && secret is not null)
        {
            problems.Add(reader.At("secret"), ParameterConflict, "A webhook without auth has no secret.", "Remove it, or write \"auth\": \"hmac\".");
        }

        return new TriggerDefinition(reader.Text("id", Limits.NodeIdLength, required: true) ?? "", TriggerType.Webhook, null, null)
        {
            Webhook = new WebhookTrigger(
                path ?? "", Methods(reader, problems), auth, reader.Choice("scheme", WebhookScheme.Standard), secret,
                reader.Integer("toleranceSeconds", 1, Limits.WebhookToleranceSeconds) ?? WebhookTrigger.DefaultToleranceSeconds,
                Headers(reader, problems), reader.Choice("respond", WebhookResponse.Accepted),
                reader.Integer("waitSeconds", 1, Limits.WebhookWaitSeconds) ?? WebhookTrigger.DefaultWaitSeconds),
        };
    }

    private static string[] Methods(ObjectReader reader, ProblemList problems)
    {
        var methods = Texts(reader, "methods", KnownMethods.Length, problems);
        foreach (var method in methods.Where(method => !KnownMethods.Contains(method)))
        {
            problems.Add(reader.At("methods"), FieldValue, $"'{method}' is no method that webhooks know.", Nearest.Hint(method, KnownMethods));
        }

        return methods.Length == 0 ? ["POST"] : methods;
    }

    private static string[] Headers(ObjectReader reader, ProblemList problems)
    {
        var headers = Texts(reader, "headers", Limits.WebhookHeaders, problems);
        foreach (var header in headers)
        {
            if (header.Length == 0 || header.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))
                || ForbiddenHeaders.Contains(header, StringComparer.OrdinalIgnoreCase))
            {
                problems.Add(reader.At("headers"), FieldValue, $"The header '{header}' is not passed on.", "Name headers that do not authenticate anybody.");
            }
        }

        return headers;
    }

    private static string[] Texts(ObjectReader reader, string name, int most, ProblemList problems)
    {
        if (!reader.List(name, most, out var list))
        {
            return [];
        }

        var texts = new List<string>();
        foreach (var item in list.EnumerateArray())
        {
            if (item.ValueKind == System.Text.Json.JsonValueKind.String && item.GetString() is { Length: <= Limits.NameLength } text)
            {
                texts.Add(text);
            }
            else
            {
                problems.Add(reader.At(name), FieldType, $"'{name}' is a list of texts.", "Write e.g. [\"POST\"].");
            }
        }

        return [.. texts];
    }

    private static bool IsPath(string path) => path.Split('/').All(
        segment => segment.Length > 0 && segment.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'));
}
