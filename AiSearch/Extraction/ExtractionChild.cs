using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Workflows.AiSearch.Extraction;

/// <summary>
/// The process that reads one file: bytes come by its input, the answer goes by its output, one line of JSON and then
/// the text. It has no credentials and no network of its own, writes no files, and ends by itself after its time,
/// whatever becomes of the one that started it.
/// </summary>
internal static partial class ExtractionChild
{
    /// <summary>The first argument of a process that is one.</summary>
    public const string Verb = "extract";

    /// <summary>Bytes of the stack: what parsers of markup need that go down with each element, and no more.</summary>
    private const int StackBytes = 16 * 1024 * 1024;

    private const int Core = 4;
    private const int FileSize = 1;

    /// <returns>0 when it has answered, even if that the file cannot be read.</returns>
    public static int Run(string format)
    {
        using var end = EndInTime();
        Restrict();
        var answer = new ExtractionAnswer(null, "The file could not be read.", null, "");
        var thread = new Thread(() => answer = Answer(format, Console.OpenStandardInput()), StackBytes);
        thread.Start();
        thread.Join();
        using var output = Console.OpenStandardOutput();
        answer.Write(output);
        return 0;
    }

    /// <summary>Reads a file of a format, in this process.</summary>
    public static ExtractedText Extract(string format, byte[] bytes) => format switch
    {
        "pdf" => PdfText.Read(bytes),
        "docx" => DocxText.Read(bytes),
        "html" => HtmlText.Read(bytes),
        "csv" => PlainText.ReadCsv(bytes),
        "markdown" or "text" => PlainText.ReadText(bytes),
        _ => throw new ExtractionException(ExtractionException.Malformed, $"The format '{format}' is unknown."),
    };

    private static ExtractionAnswer Answer(string format, Stream input)
    {
        try
        {
            using var bytes = new MemoryStream();
            input.CopyTo(bytes);
            var text = Extract(format, bytes.ToArray());
            return new ExtractionAnswer(null, null, text.Pages, text.Markdown);
        }
        catch (ExtractionException exception)
        {
            return new ExtractionAnswer(exception.Code, exception.Message, null, "");
        }
        catch (OutOfMemoryException)
        {
            return new ExtractionAnswer(ExtractionException.TooCostly, ExtractionProcess.TooMuchMemory, null, "");
        }
    }

    private static Timer EndInTime() => new(
        _ => System.Diagnostics.Process.GetCurrentProcess().Kill(), state: null,
        Limits.ExtractionTime + Limits.ExtractionTime, Timeout.InfiniteTimeSpan);

    // Neither files nor dumps of its memory. Where the system does not know these limits, those of the starter hold.
    private static void Restrict()
    {
        if (OperatingSystem.IsLinux())
        {
            var none = default(ResourceLimit);
            if (SetLimit(Core, in none) != 0 || SetLimit(FileSize, in none) != 0)
            {
                throw new InvalidOperationException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"The process cannot be restricted: {Marshal.GetLastPInvokeError()}."));
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetLimit(int resource, in ResourceLimit limit);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ResourceLimit
    {
        private readonly ulong _soft;
        private readonly ulong _hard;
    }
}

/// <summary>What a reading process answers.</summary>
/// <param name="Code">Null = it was read, or <paramref name="Message"/> says why not.</param>
internal sealed record ExtractionAnswer(string? Code, string? Message, int? Pages, string Markdown)
{
    private sealed record Head(string? Code, string? Message, int? Pages);

    public void Write(Stream output)
    {
        JsonSerializer.Serialize(output, new Head(Code, Message, Pages));
        output.WriteByte((byte)'\n');
        output.Write(Encoding.UTF8.GetBytes(Markdown));
        output.Flush();
    }

    /// <returns>Null when it is none: the process ended before its end.</returns>
    public static ExtractionAnswer? Read(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)'\n');
        if (end < 0)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<Head>(bytes[..end]) is { } head
                ? new ExtractionAnswer(head.Code, head.Message, head.Pages, Encoding.UTF8.GetString(bytes[(end + 1)..]))
                : null;
        }
        catch (JsonException)
        {
            return null; // something else than our program wrote there
        }
    }
}
