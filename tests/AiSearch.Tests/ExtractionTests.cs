using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using Workflows.AiSearch.Extraction;

namespace Workflows.AiSearch.Tests;

/// <summary>What is read out of files, and what hostile ones come to: each is tried in the process that a service
/// starts, whose bounds are part of what is tested.</summary>
public sealed class ExtractionTests
{
    private const string WordNamespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";

    private static readonly ExtractionProcess Extractor = new(TimeProvider.System);

    [Fact]
    public async Task A_document_is_read_with_its_headings_lists_and_tables()
    {
        var read = await ReadAsync("docx", Docx(
            """
            <w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr><w:r><w:t>Refunds</w:t></w:r></w:p>
            <w:p><w:r><w:t>Pay </w:t></w:r><w:r><w:t>within a week.</w:t></w:r></w:p>
            <w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>first</w:t></w:r></w:p>
            <w:p><w:del><w:r><w:t>gone</w:t></w:r></w:del><w:r><w:t># no heading</w:t></w:r></w:p>
            <w:tbl><w:tr><w:tc><w:p><w:r><w:t>Country</w:t></w:r></w:p></w:tc>
            <w:tc><w:p><w:r><w:t>Days</w:t></w:r></w:p></w:tc></w:tr>
            <w:tr><w:tc><w:p><w:r><w:t>Ghana</w:t></w:r></w:p></w:tc>
            <w:tc><w:p><w:r><w:t>7</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
            <w:p><w:pPr><w:outlineLvl w:val="1"/></w:pPr><w:r><w:t>Later</w:t></w:r></w:p>
            """,
            """<w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style>"""));

        Assert.Equal(
            "# Refunds\n\nPay within a week.\n\n- first\n\n\\# no heading\n\n| Country | Days |\n| --- | --- |\n"
            + "| Ghana | 7 |\n\n## Later\n\n", read.Markdown);
    }

    [Fact]
    public async Task A_page_is_read_without_what_is_no_text()
    {
        var read = await ReadAsync("html", Encoding.UTF8.GetBytes(
            """
            <html><head><title>T</title><style>b{}</style></head><body><nav>menu</nav><script>alert(1)</script>
            <h2>Steps</h2><p>One <b>bold</b><br>word.</p><ul><li>a</li><li>b</li></ul>
            <table><tr><th>k</th><th>v</th></tr>
            <tr><td>x|y<table><tr><td>in</td></tr></table></td><td>2</td></tr></table>
            <pre>a  b
            c</pre>after</body></html>
            """));

        Assert.Equal(
            "# T\n\n## Steps\n\nOne bold\nword.\n\n- a\n\n- b\n\n| k | v |\n| --- | --- |\n| x\\|y in | 2 |\n\n"
            + "```\na  b\nc\n```\n\nafter\n\n", read.Markdown);
    }

    [Fact]
    public async Task A_pdf_is_read_page_by_page()
    {
        var read = await ReadAsync(
            "pdf", Pdfs.Of("The first page tells of guilders.", "", "The third page of florins."));

        Assert.Equal(3, read.Pages);
        Assert.Equal(
            "<!-- page 1 -->\n\nThe first page tells of guilders.\n\n<!-- page 3 -->\n\nThe third page of florins.\n\n",
            read.Markdown);
    }

    [Theory]
    [InlineData("a;b\n1;\"x; y\"\n", "| a | b |\n| --- | --- |\n| 1 | x; y |\n")]
    [InlineData("a,b\n1,\"say \"\"so\"\"\"\n", "| a | b |\n| --- | --- |\n| 1 | say \"so\" |\n")]
    [InlineData("a\tb\n1\t2\n3\n", "| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 |\n")]
    public async Task A_table_of_text_is_read_by_rows(string csv, string markdown) =>
        Assert.Equal(markdown, (await ReadAsync("csv", Encoding.UTF8.GetBytes(csv))).Markdown);

    [Fact]
    public async Task Text_of_older_programs_is_read_byte_by_byte() =>
        Assert.Equal(
            "Gr\u00fc\u00dfe", (await ReadAsync("text", Encoding.Latin1.GetBytes("Gr\u00fc\u00dfe"))).Markdown);

    [Fact]
    public async Task A_docx_that_unfolds_without_end_is_refused()
    {
        var bomb = Zip(("word/document.xml", stream =>
        {
            stream.Write(Encoding.UTF8.GetBytes($"<w:document xmlns:w=\"{WordNamespace}\"><w:body><w:p><w:r><w:t>"));
            var block = new byte[1024 * 1024];
            Array.Fill(block, (byte)' ');
            for (var i = 0; i < 2_000; i++)
            {
                stream.Write(block);
            }
        }
        ));
        Assert.InRange(bomb.Length, 1, 20 * 1024 * 1024);
        await FailsAsync("docx", bomb, ExtractionException.TooLarge);
    }

    [Fact]
    public async Task A_docx_that_declares_entities_is_refused()
    {
        var lol = string.Concat(Enumerable.Range(1, 9).Select(i =>
            $"<!ENTITY l{i} \"{string.Concat(Enumerable.Repeat($"&l{i - 1};", 10))}\">"));
        await FailsAsync("docx", Zip(("word/document.xml", stream => stream.Write(Encoding.UTF8.GetBytes(
            $"<!DOCTYPE x [<!ENTITY l0 \"lol\">{lol}]><w:document xmlns:w=\"{WordNamespace}\">&l9;</w:document>")))),
            ExtractionException.Malformed);
    }

    [Fact]
    public async Task A_docx_that_asks_for_a_file_of_the_machine_is_refused() =>
        await FailsAsync("docx", Zip(("word/document.xml", stream => stream.Write(Encoding.UTF8.GetBytes(
            "<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><x>&f;</x>")))), ExtractionException.Malformed);

    [Fact]
    public async Task A_docx_of_elements_within_each_other_is_refused() =>
        await FailsAsync("docx", Docx(string.Concat(Enumerable.Repeat("<w:sdt>", 100_000)), ""),
            ExtractionException.TooDeep);

    // The parser flattens what lies too deep, as browsers do; what it keeps, or that it takes too much, is said.
    [Theory]
    [InlineData("<div>", 2_000)]
    [InlineData("<div>", 200_000)]
    [InlineData("<div>", 3_500_000)]
    [InlineData("<b><i><a>", 100_000)]
    [InlineData("<table><tr><td>", 100_000)]
    [InlineData("<svg><g>", 100_000)]
    public async Task A_page_of_elements_within_each_other_ends_in_its_text_or_in_a_reason(string tag, int depth)
    {
        var text = new StringBuilder("<html><body>x").Insert(13, tag, depth).Append('y');
        var outcome = await TryAsync("html", Encoding.UTF8.GetBytes(text.ToString()));
        Assert.Contains(outcome, new[] { "ok", ExtractionException.TooDeep, ExtractionException.TooCostly });
    }

    [Fact]
    public async Task A_pdf_whose_page_unfolds_without_end_is_refused()
    {
        // 400 MB of spaces in 400 kB: more than a reading process may have.
        using var folded = new MemoryStream();
        using (var zlib = new ZLibStream(folded, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            var block = new byte[1024 * 1024];
            Array.Fill(block, (byte)' ');
            for (var i = 0; i < 400; i++)
            {
                zlib.Write(block);
            }
        }

        await FailsAsync("pdf", Pdfs.WithContent(folded.ToArray(), "/Filter /FlateDecode"), null);
    }

    [Fact]
    public async Task A_pdf_whose_pages_are_their_own_parents_is_refused() =>
        await FailsAsync("pdf", Pdfs.OfObjects(
            "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"), null);

    [Fact]
    public async Task A_pdf_whose_tables_refer_to_each_other_is_refused()
    {
        var text = Encoding.Latin1.GetString(Pdfs.Of("x"));
        var start = text[(text.LastIndexOf("startxref\n", StringComparison.Ordinal) + 10)..].Split('\n')[0];
        var loop = text.Replace("/Root 1 0 R", $"/Root 1 0 R /Prev {start}", StringComparison.Ordinal);
        var read = await TryAsync("pdf", Encoding.Latin1.GetBytes(loop));
        Assert.True(read is "ok" or ExtractionException.Malformed, read); // it ends, one way or the other
    }

    [Fact]
    public async Task A_pdf_without_words_says_so() =>
        await FailsAsync("pdf", Pdfs.Of(""), ExtractionException.WithoutText);

    [Theory]
    [InlineData("pdf", "%PDF-1.7\nnonsense")]
    [InlineData("docx", "PK\u0003\u0004nonsense word/document.xml")]
    public async Task What_is_broken_says_so(string format, string content) =>
        await FailsAsync(format, Encoding.Latin1.GetBytes(content), ExtractionException.Malformed);

    [Fact]
    public async Task Text_that_is_too_long_says_so()
    {
        await FailsAsync("text", new byte[Limits.ArticleLength + 1].Select(_ => (byte)'a').ToArray(),
            ExtractionException.TooLarge);
        await FailsAsync("csv", Encoding.UTF8.GetBytes(new string(',', 1_000_000)), ExtractionException.TooLarge);
    }

    [Fact]
    public async Task Many_hostile_files_at_once_take_nothing_from_the_one_that_reads_them()
    {
        var before = Process.GetCurrentProcess().WorkingSet64;
        var text = new StringBuilder("<html><body>").Insert(12, "<div>", 2_000_000).ToString();
        var bytes = Encoding.UTF8.GetBytes(text);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => TryAsync("html", bytes)));

        Assert.All(outcomes, Assert.NotEmpty);
        Assert.InRange(Process.GetCurrentProcess().WorkingSet64 - before, long.MinValue, 200L * 1024 * 1024);
    }

    [Fact]
    public async Task A_reading_process_is_gone_when_the_reading_is_given_up()
    {
        using var given = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        var slow = Encoding.UTF8.GetBytes(new StringBuilder("<html>").Insert(6, "<div>", 3_000_000).ToString());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Extractor.ReadAsync("html", slow, given.Token));
        Assert.DoesNotContain(Process.GetProcessesByName("dotnet"), IsReading);
    }

    private static bool IsReading(Process process)
    {
        try
        {
            // Of this test's own processes only: others of the machine may read files, too.
            var stat = File.ReadAllText($"/proc/{process.Id}/stat");
            var parent = int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], provider: null);
            return parent == Environment.ProcessId
                && File.ReadAllText($"/proc/{process.Id}/cmdline").Contains("\0extract\0html", StringComparison.Ordinal)
                && process.StartTime < DateTime.Now.AddSeconds(-5);
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException)
        {
            return false; // it has ended
        }
    }

    private static Task<ExtractedText> ReadAsync(string format, byte[] bytes) =>
        Extractor.ReadAsync(format, bytes, TestContext.Current.CancellationToken);

    private static async Task<string> TryAsync(string format, byte[] bytes)
    {
        try
        {
            await ReadAsync(format, bytes);
            return "ok";
        }
        catch (ExtractionException exception)
        {
            Assert.NotEmpty(exception.Message);
            return exception.Code;
        }
    }

    /// <param name="code">Null: any that says that the file is at fault.</param>
    private static async Task FailsAsync(string format, byte[] bytes, string? code)
    {
        var outcome = await TryAsync(format, bytes);
        Assert.NotEqual("ok", outcome);
        Assert.Equal(code ?? outcome, outcome);
    }

    private static byte[] Docx(string body, string styles) => Zip(
        ("word/styles.xml", stream => stream.Write(Encoding.UTF8.GetBytes(
            $"<w:styles xmlns:w=\"{WordNamespace}\">{styles}</w:styles>"))),
        ("word/document.xml", stream => stream.Write(Encoding.UTF8.GetBytes(
            $"<w:document xmlns:w=\"{WordNamespace}\"><w:body>{body}</w:body></w:document>"))));

    private static byte[] Zip(params (string Name, Action<Stream> Write)[] parts)
    {
        using var bytes = new MemoryStream();
        using (var archive = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, write) in parts)
            {
                using var stream = archive.CreateEntry(name, CompressionLevel.SmallestSize).Open();
                write(stream);
            }
        }

        return bytes.ToArray();
    }
}
