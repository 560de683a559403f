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
    /// <summary>JSON if the response says it is, else text.</summary>
    Auto,

    /// <summary>JSON; anything else is an error.</summary>
    Json,

    /// <summary>Text, as it comes.</summary>
    Text,

    /// <summary>Not read.</summary>
    None,
}

/// <summary>Parameters of <c>http</c>.</summary>
public sealed record HttpParameters
{
    /// <summary>Statuses that a later attempt may cure.</summary>
    public const string DefaultRetryStatus = "408,425,429,500-599";

    [Parameter("The method.")]
    public HttpMethodName Method { get; init; } = HttpMethodName.Get;

    [Parameter(
        "The address, http or https. Private, loopback and link-local targets are refused unless the tenant allows them.",
        Required = true,
        Kind = ParameterKind.Text,
        Example = "\"https://api.example.com/orders/{{ input.orderId }}\"")]
    public JsonTemplate? Url { get; init; }

    [Parameter(
        "Appended to the address, encoded: names to text, numbers or booleans.",
        Kind = ParameterKind.Object,
        Secret = true,
        Example = """{"page": "{{ input.page }}"}""")]
    public JsonTemplate? Query { get; init; }

    [Parameter(
        "Names to text. `Idempotency-Key` is set by the platform, equal for every attempt.",
        Kind = ParameterKind.Object,
        Secret = true,
        Example = """{"Accept": "application/json"}""")]
    public JsonTemplate? Headers { get; init; }

    [Parameter(
        "The body: any JSON. Text is sent as it is when the header Content-Type is given and is not JSON.",
        Secret = true,
        Example = """{"amount": "{{ input.amount }}"}""")]
    public JsonTemplate? Body { get; init; }

    [Parameter("How long one attempt may take, in seconds.", Min = 0.1, Max = 3_600)]
    public double TimeoutSeconds { get; init; } = 30;

    [Parameter("Statuses that count as success: numbers and ranges.", MaxLength = 200, Example = "\"200-299,404\"")]
    public string SuccessStatus { get; init; } = "200-299";

    [Parameter("Statuses that are tried again by the node's `retry`: numbers and ranges.", MaxLength = 200)]
    public string RetryStatus { get; init; } = DefaultRetryStatus;

    [Parameter("What to make of the response's body.")]
    public HttpResponseHandling Response { get; init; } = HttpResponseHandling.Auto;

    [Parameter("A larger response is an error.", Min = 1, Max = Limits.StepOutputBytes)]
    public int MaxResponseBytes { get; init; } = 512 * 1024;

    [Parameter("Whether redirects are followed; every target is checked as the first one is.")]
    public bool FollowRedirects { get; init; } = true;
}

internal sealed class HttpNode() : NodeType<HttpParameters>(
    "http", "outside", NodeEffect.Effect, "Calls an HTTP endpoint.", NodePort.MainPort, NodePort.ErrorPort)
{
    public override string OutputSummary => "`{\"status\": 200, \"headers\": {...}, \"body\": ...}`.";

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
        "Write numbers and ranges from 100 to 599, e.g. 200-299,404.");

    private sealed class Action(HttpParameters parameters, StatusSet success, StatusSet retry) : EffectAction
    {
        private readonly string _method = parameters.Method.ToString().ToUpperInvariant();

        public override double? TimeoutSeconds => parameters.TimeoutSeconds;

        public override ReadOnlyMemory<byte> Render(in NodeContext context)
        {
            var url = Url(context);
            var headers = Members(context, parameters.Headers, "headers");
            var body = parameters.Body is { } template ? context.Render(template) : default;

            var buffer = JsonBuffer.Rent();
            var writer = buffer.Writer;
            writer.WriteStartObject();
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
            if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            {
                throw Invalid($"'{Shortened(text)}' is no absolute http or https address.");
            }

            var query = Members(context, parameters.Query, "query");
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
            in NodeContext context, JsonTemplate? template, string parameter)
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

            foreach (var member in json.EnumerateObject())
            {
                switch (member.Value.ValueKind)
                {
                    case JsonValueKind.String:
                        members.Add(new(member.Name, member.Value.GetString()!));
                        break;
                    case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                        members.Add(new(member.Name, member.Value.GetRawText()));
                        break;
                    case JsonValueKind.Null:
                        break;
                    default:
                        throw Invalid($"'{parameter}.{member.Name}' must be text, a number or a boolean.");
                }
            }

            return members;
        }

        private static StepException Invalid(string message) => new(new StepError(StepErrorCodes.ParameterInvalid, message));

        private static string Shortened(string text) => text.Length <= 200 ? text : text[..200] + "…";
    }
}
