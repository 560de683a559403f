using System.Text;

namespace Workflows.Engine.Tests;

/// <summary>Bodies in whichever charset; the bytes are written out, so that no encoder of ours is asked.</summary>
public sealed class BodyTextTests
{
    [Theory]
    [InlineData("4B FC E7 FC 6B 20 80", "windows-1252", "Küçük €")]
    [InlineData("4B FC E7 FC 6B 20 80", "Windows-1252", "Küçük €")]
    [InlineData("63 61 66 E9", "iso-8859-1", "café")]
    [InlineData("63 61 66 E9", "latin1", "café")]
    [InlineData("A4", "ISO-8859-15", "€")]
    [InlineData("93 FA 96 7B", "shift_jis", "日本")]
    [InlineData("C6 FC CB DC", "euc-jp", "日本")]
    [InlineData("D6 D0", "gb2312", "中")]
    [InlineData("D6 D0", "gbk", "中")]
    [InlineData("CF F0 E8", "windows-1251", "При")]
    [InlineData("F0 D2 C9", "koi8-r", "При")]
    [InlineData("E4 2C 00 00 41 00 00 00", "utf-32", "ⳤA")]
    [InlineData("FF FE 61 00 AC 20", null, "a€")]
    [InlineData("FE FF 00 61 20 AC", null, "a€")]
    [InlineData("EF BB BF C3 A4", null, "ä")]
    [InlineData("EF BB BF C3 A4", "iso-8859-1", "ä")]
    [InlineData("61 00 AC 20", "utf-16", "a€")]
    [InlineData("00 61 20 AC", "utf-16", "a€")]
    [InlineData("00 61 20 AC", "utf-16be", "a€")]
    [InlineData("61 00 AC 20", "UTF-16LE", "a€")]
    [InlineData("C3 A4", "utf8", "ä")]
    [InlineData("C3 A4", "UTF-8", "ä")]
    [InlineData("C3 A4", null, "ä")]
    [InlineData("61", "us-ascii", "a")]
    [InlineData("", "windows-1252", "")]
    public void A_text_is_what_it_says_it_is(string bytes, string? charset, string expected)
    {
        Assert.True(BodyText.TryRead(Bytes(bytes), charset, out var utf8, out var problem), problem);
        Assert.Equal(expected, Encoding.UTF8.GetString(utf8.Span));
    }

    [Theory]
    [InlineData("89 50 4E 47", null)]
    [InlineData("C3", "utf-8")]
    [InlineData("ED A0 80", null)]
    [InlineData("E4", "us-ascii")]
    [InlineData("00 D8", "utf-16le")]
    [InlineData("61", "utf-7")]
    [InlineData("61", "no-such-charset")]
    [InlineData("61", "x'y\r\nz")]
    public void What_is_no_text_is_refused_and_nothing_is_replaced(string bytes, string? charset)
    {
        Assert.False(BodyText.TryRead(Bytes(bytes), charset, out _, out var problem));
        Assert.NotEmpty(problem);
    }

    [Theory]
    [InlineData("7B 00 7D 00")]
    [InlineData("00 7B 00 7D")]
    [InlineData("FF FE 7B 00 7D 00")]
    [InlineData("EF BB BF 7B 7D")]
    [InlineData("7B 7D")]
    public void Json_is_read_in_each_form_of_Unicode_that_it_may_have(string bytes)
    {
        Assert.True(BodyText.TryReadJson(Bytes(bytes), null, out var utf8, out _));
        Assert.Equal("{}", Encoding.UTF8.GetString(utf8.Span));
    }

    [Theory]
    [InlineData("Küçük", "iso-8859-1", "4B FC E7 FC 6B")]
    [InlineData("10 €", "windows-1252", "31 30 20 80")]
    [InlineData("ä", "utf-8", "C3 A4")]
    [InlineData("ä", null, "C3 A4")]
    public void A_text_is_written_in_its_charset(string text, string? charset, string bytes)
    {
        Assert.True(BodyText.TryWrite(Encoding.UTF8.GetBytes(text), charset, out var body, out _));
        Assert.Equal(Bytes(bytes), body.ToArray());
    }

    [Theory]
    [InlineData("€", "iso-8859-1")]
    [InlineData("日", "windows-1252")]
    [InlineData("a", "no-such-charset")]
    public void What_a_charset_does_not_have_is_refused(string text, string charset)
    {
        Assert.False(BodyText.TryWrite(Encoding.UTF8.GetBytes(text), charset, out _, out var problem));
        Assert.NotEmpty(problem);
    }

    [Theory]
    [InlineData("application/json", true, null)]
    [InlineData("application/problem+json; charset=\"ISO-8859-1\"", true, "ISO-8859-1")]
    [InlineData("Text/JSON;CharSet=utf-8", true, "utf-8")]
    [InlineData("application/x-ndjson", false, null)]
    [InlineData("application/jsonlines", false, null)]
    [InlineData("text/plain; charset=", false, null)]
    [InlineData("", false, null)]
    [InlineData("garbage", false, null)]
    [InlineData(null, false, null)]
    public void A_content_type_says_whether_it_is_json_and_in_which_charset(string? value, bool isJson, string? charset)
    {
        var type = MediaType.Parse(value);

        Assert.Equal((isJson, charset), (type.IsJson, type.Charset));
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
