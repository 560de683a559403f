using System.Text.Json;
using Workflows.Api.Http;

namespace Workflows.Api.Sessions;

/// <summary>One message of a person, as gateways send it: JSON or a form. Further fields are the gateway's own
/// business.</summary>
/// <param name="Text">Everything typed so far, divided by <c>*</c>, or what was typed last: gateways differ.</param>
internal sealed record UssdMessage(string SessionId, string Msisdn, string Text, string ServiceCode)
{
    private const int MsisdnLength = 32;
    private const int TextLength = 1_600;

    /// <summary>What was typed last.</summary>
    private string Input => Text[(Text.LastIndexOf('*') + 1)..];

    public static async Task<Dictionary<string, string>> FieldsAsync(HttpContext context)
    {
        if (context.Request.HasFormContentType)
        {
            await using var form = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
            return Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(
                System.Text.Encoding.UTF8.GetString(form.Utf8.Span))
                .ToDictionary(field => field.Key, field => field.Value.ToString(), StringComparer.Ordinal);
        }

        await using var body = await RequestBody.ReadJsonAsync(context);
        var json = RequestBody.Deserialize<JsonElement>(body.Utf8.Span);
        return json.ValueKind != JsonValueKind.Object
            ? []
            : json.EnumerateObject()
                .Where(member => member.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number)
                .ToDictionary(member => member.Name, member => member.Value.ToString(), StringComparer.Ordinal);
    }

    public static Problem? Read(Dictionary<string, string> fields, out UssdMessage message)
    {
        message = new UssdMessage(
            fields.GetValueOrDefault("sessionId", ""),
            fields.GetValueOrDefault("msisdn") ?? fields.GetValueOrDefault("phoneNumber", ""),
            fields.GetValueOrDefault("text", ""),
            fields.GetValueOrDefault("serviceCode", ""));
        var checks = new Checks();
        Check(checks, "sessionId", message.SessionId, Engine.Limits.SessionIdLength, required: true);
        Check(checks, "msisdn", message.Msisdn, MsisdnLength, required: false);
        Check(checks, "text", message.Text, TextLength, required: false);
        Check(checks, "serviceCode", message.ServiceCode, Engine.Limits.ServiceCodeLength, required: true);
        return checks.Problem;
    }

    public PersonMessage ToMessage() => new("ussd", SessionId, Msisdn, ServiceCode, ToInput(), ToAnswer());

    // The input of the execution that the first message starts.
    private byte[] ToInput() => JsonSerializer.SerializeToUtf8Bytes(
        new { sessionId = SessionId, msisdn = Msisdn, text = Text, input = Input, serviceCode = ServiceCode },
            Envelope.Json);

    // The output of the node that waited for this message.
    private byte[] ToAnswer() => JsonSerializer.SerializeToUtf8Bytes(new { text = Text, input = Input }, Envelope.Json);

    private static void Check(Checks checks, string field, string value, int maxLength, bool required)
    {
        if (required && value.Length == 0)
        {
            checks.Add(field, "REQUIRED", $"'{field}' is required.");
        }
        else if (value.Length > maxLength || value.AsSpan().ContainsAnyInRange('\0', '\u001f'))
        {
            checks.Add(field, "VALUE", $"'{field}' has at most {maxLength} characters and no control characters.");
        }
    }
}
