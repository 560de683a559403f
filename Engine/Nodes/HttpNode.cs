using System.Text;
using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

public enum HttpMethodName
{
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Head,
    Options,
}

/// <summary>What an http node makes of the response's body.</summary>
public enum HttpResponseHandling
{
    /// <summary>JSON if the response says it is, else text where it is text, else Base64.</summary>
    Auto,

    /// <summary>JSON; anything else is an error.</summary>
    Json,

    /// <summary>Text, in the charset that the response names; anything else is an error.</summary>
    Text,

    /// <summary>Any bytes, in Base64.</summary>
    Base64,

    /// <summary>Not read.</summary>
    None,
}

/// <summary>Parameters of <c>http</c>.</summary>
public sealed record HttpParameters
{
    /// <summary>Statuses that a later attempt may cure.</summary>
    public const string DefaultRetryStatus = "408,425,429,500-599";

    [Parameter(
        "The name of a connector of the type `http`: `url` is then a path under its base address, and the call bears its credentials.",
        MaxLength = Limits.ConnectorNameLength,
        Example = "\"billing\"")]
    public string? Connector { get; init; }

    [Parameter("The method.")]
    public HttpMethodName Method { get; init; } = HttpMethodName.Get;

    [Parameter(
        "The address, http or https; with a connector a path. Values are put in as they are: one that may hold `/`, "
        + "`?`, "
            + "`#` or `..` goes through `$encodeUrlComponent`, or into `query`. Private, loopback and link-local "
                + "targets "
            + "are refused unless the tenant's `httpAllow` names them (docs/outgoing-calls.md).",
        Required = true,
        Kind = ParameterKind.Text,
        Example = "\"https://api.example.com/orders/{{ input.orderId }}\"")]
    public JsonTemplate? Url { get; init; }

    [Parameter(
        "Appended to the address, encoded: names to text, numbers or booleans, or to lists of them, which repeat the "
            + "name.",
        Kind = ParameterKind.Object,
        Secret = true,
        Example = """{"page": "{{ input.page }}"}""")]
    public JsonTemplate? Query { get; init; }

    [Parameter(
        "Names to text in ASCII without line breaks. `Idempotency-Key` is set by the platform, equal for every "
            + "attempt.",
        Kind = ParameterKind.Object,
        Secret = true,
        Example = """{"Accept": "application/json"}""")]
    public JsonTemplate? Headers { get; init; }

    [Parameter(
        "The body: any JSON. Text is sent as it is when the header Content-Type is given and is not JSON, in its "
            + "charset; with application/x-www-form-urlencoded an object is sent as a form, a list as the same name "
            + "several times.",
        Secret = true,
        Example = """{"amount": "{{ input.amount }}"}""")]
    public JsonTemplate? Body { get; init; }

    [Parameter("How long one attempt may take, in seconds.", Min = 0.1, Max = 3_600)]
    public double TimeoutSeconds { get; init; } = 30;

    [Parameter("Statuses that count as success: numbers, ranges and classes (`2xx`).", MaxLength = 200, Example = "\"200-299,404\"")]
    public string SuccessStatus { get; init; } = "200-299";

    [Parameter("Statuses that are tried again by the node's `retry`: numbers, ranges and classes (`5xx`).", MaxLength = 200)]
    public string RetryStatus { get; init; } = DefaultRetryStatus;

    [Parameter(
        "What to make of the response's body. auto: JSON where the response says so, text where it is text in its "
            + "charset, else Base64; `bodyEncoding` of the output says which.")]
    public HttpResponseHandling Response { get; init; } = HttpResponseHandling.Auto;

    [Parameter("A larger response is an error.", Min = 1, Max = Limits.StepOutputBytes)]
    public int MaxResponseBytes { get; init; } = 512 * 1024;

    [Parameter("Whether redirects are followed; every target is checked as the first one is.")]
    public bool FollowRedirects { get; init; } = true;
}

internal sealed class HttpNode() : NodeType<HttpParameters>(
    "http", "outside", NodeEffect.Effect, "Calls an HTTP endpoint.", NodePort.MainPort, NodePort.ErrorPort)
{
    public override string OutputSummary =>
        "`{\"status\": 200, \"headers\": {...}, \"body\": ..., \"bodyEncoding\": \"json\"}` (or text, base64, none); "
        + "`set-cookie` is a list. At the port `error`, and with `onError: continue`, the same of an answer that is no "
        + "success stands beside `code`, `message` and `kind`; of its body at most 64 KiB, and `bodyTruncated` when "
            + "there "
        + "was more.";

    private protected override NodeAction? Compile(HttpParameters parameters, NodeCompilation node)
    {
        var success = StatusSet.TryParse(parameters.SuccessStatus, out var successStatus);
        var retry = StatusSet.TryParse(parameters.RetryStatus, out var retryStatus);
        if (!success)
        {
            RejectStatus(node, "successStatus", parameters.SuccessStatus);
        }

        if (!retry)
        {
            RejectStatus(node, "retryStatus", parameters.RetryStatus);
        }

        return success && retry ? new Action(parameters, successStatus, retryStatus) : null;
    }

    private static void RejectStatus(NodeCompilation node, string parameter, string value) => node.Reject(
        parameter,
        DefinitionProblemCodes.ParameterValue,
        $"'{value}' is no list of statuses.",
        "Write numbers, classes and ranges from 100 to 599, e.g. 2xx,404 or 200-299.");

    private sealed class Action(HttpParameters parameters, StatusSet success, StatusSet retry) : EffectAction
    {
        private readonly string _method = parameters.Method.ToString().ToUpperInvariant();

        public override double? TimeoutSeconds => parameters.TimeoutSeconds;

        public override ReadOnlyMemory<byte> Render(in NodeContext context)
        {
            var url = Url(context);
            var headers = Members(context, parameters.Headers, "headers", mayRepeat: false);
            var body = parameters.Body is { } template ? context.Render(template) : default;

            var buffer = JsonBuffer.Rent();
            var writer = buffer.Writer;
            writer.WriteStartObject();
            if (parameters.Connector is { } connector)
            {
                writer.WriteString("connector"u8, connector);
            }

            writer.WriteString("method"u8, _method);
            writer.WriteString("url"u8, url);
            writer.WriteStartObject("headers"u8);
            foreach (var (name, value) in headers)
            {
                writer.WriteString(name, value);
            }

            writer.WriteEndObject();
            if (!body.IsEmpty)
            {
                writer.WritePropertyName("body"u8);
                writer.WriteRawValue(body.Span, skipInputValidation: true);
            }

            writer.WriteString("successStatus"u8, success.Text);
            writer.WriteString("retryStatus"u8, retry.Text);
            writer.WriteString("response"u8, ObjectReader.CamelCase(parameters.Response.ToString()));
            writer.WriteNumber("maxResponseBytes"u8, parameters.MaxResponseBytes);
            writer.WriteBoolean("followRedirects"u8, parameters.FollowRedirects);
            writer.WriteEndObject();
            return buffer.ToJson();
        }

        private string Url(in NodeContext context)
        {
            var text = context.RequiredText(parameters.Url, "url");
            if (parameters.Connector is null && (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")))
            {
                throw Invalid($"'{Shortened(text)}' is no absolute http or https address.");
            }

            var query = Members(context, parameters.Query, "query", mayRepeat: true);
            if (query.Count == 0)
            {
                return text;
            }

            var fragmentAt = text.IndexOf('#', StringComparison.Ordinal);
            var url = new StringBuilder(fragmentAt < 0 ? text : text[..fragmentAt]);
            var separator = text.Contains('?', StringComparison.Ordinal) ? '&' : '?';
            foreach (var (name, value) in query)
            {
                url.Append(separator).Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
                separator = '&';
            }

            return url.ToString();
        }

        private static List<KeyValuePair<string, string>> Members(
            in NodeContext context, JsonTemplate? template, string parameter, bool mayRepeat)
        {
            var members = new List<KeyValuePair<string, string>>();
            if (template is null)
            {
                return members;
            }

            var json = context.Evaluate(template).ToElement();
            if (json.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            {
                return members;
            }

            if (json.ValueKind != JsonValueKind.Object)
            {
                throw Invalid($"The parameter '{parameter}' must be an object.");
            }

            var orList = mayRepeat ? ", or a list of them" : "";
            foreach (var member in json.EnumerateObject())
            {
                var isList = mayRepeat && member.Value.ValueKind == JsonValueKind.Array;
                var values = isList ? member.Value.EnumerateArray().ToArray() : [member.Value];
                foreach (var value in values.Where(value => value.ValueKind != JsonValueKind.Null))
                {
                    members.Add(new(member.Name, TextOf(value) ?? throw Invalid(
                        $"'{parameter}.{member.Name}' must be text, a number or a boolean{orList}.")));
                }
            }

            return members;
        }

        private static string? TextOf(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
            _ => null,
        };

        private static StepException Invalid(string message) => new(new StepError(StepErrorCodes.ParameterInvalid, message));

        private static string Shortened(string text) => text.Length <= 200 ? text : text[..200] + "…";
    }
}
