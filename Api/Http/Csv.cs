using System.Text;

namespace Workflows.Api.Http;

/// <summary>
/// Tables for spreadsheets (RFC 4180), written as they are read. A value that a spreadsheet would take for a formula
/// gets an apostrophe in front: names and messages are other people's text.
/// </summary>
internal static class Csv
{
    private const int FlushAfter = 64 * 1024;

    public static IResult File<T>(
        string name, IReadOnlyList<string> header, IAsyncEnumerable<T> rows, Func<T, IReadOnlyList<string?>> values) =>
        new CsvResult<T>(name, header, rows, values);

    public static string Line(IReadOnlyList<string?> values) =>
        string.Join(',', values.Select(value => Quoted(value ?? ""))) + "\r\n";

    private static string Quoted(string value)
    {
        var text = value.Length > 0 && value[0] is '=' or '+' or '-' or '@' or '\t' or '\r' ? $"'{value}" : value;
        return text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : text;
    }

    private sealed class CsvResult<T>(
        string name, IReadOnlyList<string> header, IAsyncEnumerable<T> rows, Func<T, IReadOnlyList<string?>> values)
        : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var (response, cancellation) = (httpContext.Response, httpContext.RequestAborted);
            response.ContentType = "text/csv; charset=utf-8";
            response.Headers.ContentDisposition = $"attachment; filename=\"{name}\"";
            response.Headers.CacheControl = "no-store";
            var text = new StringBuilder(Line(header));
            await foreach (var row in rows.WithCancellation(cancellation))
            {
                text.Append(Line(values(row)));
                if (text.Length > FlushAfter)
                {
                    await response.WriteAsync(text.ToString(), cancellation);
                    text.Clear();
                }
            }

            await response.WriteAsync(text.ToString(), cancellation);
        }
    }
}
