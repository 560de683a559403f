using System.Text.Json;

namespace Workflows.Engine.Tests.Definitions;

/// <summary>The formats of texts, case by case of their grammars: RFC 3339, 5321, 3986, 9562.</summary>
public sealed class TextFormatTests
{
    [Theory]
    [InlineData("2026-01-31T12:00:00Z")]
    [InlineData("2026-01-31t12:00:00z")]
    [InlineData("2026-01-31T12:00:00.5+05:45")]
    [InlineData("2026-01-31T12:00:00.123456789Z")]
    [InlineData("2026-01-31T12:00:00.99999999999999999999-00:00")]
    [InlineData("2024-02-29T00:00:00+23:59")]
    [InlineData("2000-02-29T23:59:59Z")]
    [InlineData("2016-12-31T23:59:60Z")]
    [InlineData("2016-12-31T18:59:60.25-05:00")]
    [InlineData("2017-01-01T05:44:60+05:45")]
    [InlineData("2012-06-30T23:59:60Z")]
    [InlineData("0001-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59.9999999Z")]
    public void A_timestamp_is_read(string text) => Assert.True(Matches("date-time", text));

    [Theory]
    [InlineData("")]
    [InlineData("2026-01-31")]
    [InlineData("2026-01-31T12:00:00")]
    [InlineData("2026-01-31T12:00:00+0100")]
    [InlineData("2026-01-31T12:00:00+01")]
    [InlineData("2026-01-31T12:00:00+01:00Z")]
    [InlineData("2026-01-31T12:00:00+24:00")]
    [InlineData("2026-01-31T12:00:00+10:60")]
    [InlineData("2026-01-31T12:00:00.Z")]
    [InlineData("2026-01-31T12:00:00.")]
    [InlineData("2026-01-31T12:00:00.5")]
    [InlineData("2026-01-31T12:00:00,5Z")]
    [InlineData("2026-01-31 12:00:00Z")]
    [InlineData("2026-01-31T12:00Z")]
    [InlineData("2026-01-31T24:00:00Z")]
    [InlineData("2026-01-31T12:60:00Z")]
    [InlineData("2026-01-31T12:00:61Z")]
    [InlineData("2026-02-29T12:00:00Z")]
    [InlineData("2026-13-01T12:00:00Z")]
    [InlineData("2026-00-01T12:00:00Z")]
    [InlineData("2026-01-00T12:00:00Z")]
    [InlineData("2026-1-31T12:00:00Z")]
    [InlineData("+2026-01-31T12:00:00Z")]
    [InlineData("2026-01-31T12:00:00Z\n")]
    [InlineData(" 2026-01-31T12:00:00Z")]
    [InlineData("2026-01-3\u09EAT12:00:00Z")]
    [InlineData("2026-01-31T12:00:0\u0663Z")]
    [InlineData("0000-01-01T00:00:00Z")]
    [InlineData("2016-12-31T23:58:60Z")]
    [InlineData("2016-12-31T22:59:60Z")]
    [InlineData("2016-12-31T23:59:60+01:00")]
    [InlineData("2016-12-30T23:59:60Z")]
    [InlineData("0001-01-01T00:00:00+00:01")]
    [InlineData("9999-12-31T23:59:60Z")]
    public void What_is_no_timestamp_is_refused(string text) => Assert.False(Matches("date-time", text));

    [Fact]
    public void Seven_digits_of_a_fraction_are_kept_and_no_instant_moves_into_the_next_second()
    {
        Assert.True(Rfc3339.TryParse("2026-01-31T23:59:59.99999999999+02:00", out var instant));

        Assert.Equal(new DateTimeOffset(2026, 1, 31, 22, 0, 0, TimeSpan.Zero).AddTicks(-1), instant);
        Assert.Equal(TimeSpan.Zero, instant.Offset);
    }

    [Fact]
    public void A_leap_second_is_the_end_of_its_minute_as_in_PostgreSQL()
    {
        Assert.True(Rfc3339.TryParse("2016-12-31T15:59:60.5-08:00", out var instant));

        Assert.Equal(new DateTimeOffset(2017, 1, 1, 0, 0, 0, 500, TimeSpan.Zero), instant);
    }

    [Theory]
    [InlineData("2026-01-31", true)]
    [InlineData("2024-02-29", true)]
    [InlineData("0400-02-29", true)]
    [InlineData("2100-02-29", false)]
    [InlineData("2026-04-31", false)]
    [InlineData("2026-01-32", false)]
    [InlineData("2026-1-31", false)]
    [InlineData("20260131", false)]
    [InlineData("2026-W05-6", false)]
    [InlineData("2026-031", false)]
    [InlineData("2026-01-31Z", false)]
    [InlineData("2026-01-31\n", false)]
    [InlineData("12026-01-31", false)]
    [InlineData("-026-01-31", false)]
    [InlineData("2026-01-3\u09EA", false)]
    [InlineData("", false)]
    public void A_date_is_told_from_what_is_none(string text, bool isDate) =>
        Assert.Equal(isDate, Matches("date", text));

    [Theory]
    [InlineData("01890000-0000-7000-8000-00000000000f", true)]
    [InlineData("01890000-0000-7000-8000-00000000000F", true)]
    [InlineData("00000000-0000-0000-0000-000000000000", true)]
    [InlineData("01890000-0000-7000-8000-00000000000f\n", false)]
    [InlineData(" 01890000-0000-7000-8000-00000000000f", false)]
    [InlineData("01890000-0000-7000-8000-00000000000", false)]
    [InlineData("018900000000-7000-8000-00000000000f-", false)]
    [InlineData("01890000000070008000000000000000000f", false)]
    [InlineData("+1890000-0000-7000-8000-00000000000f", false)]
    [InlineData("0x890000-0000-7000-8000-00000000000f", false)]
    [InlineData("{1890000-0000-7000-8000-00000000000}", false)]
    [InlineData("0189000g-0000-7000-8000-00000000000f", false)]
    [InlineData("urn:uuid:01890000-0000-7000-8000-00000000000f", false)]
    public void A_uuid_is_told_from_what_is_none(string text, bool isUuid) =>
        Assert.Equal(isUuid, Matches("uuid", text));

    [Theory]
    [InlineData("a@example.com")]
    [InlineData("first.last+tag@sub.example.co")]
    [InlineData("~!#$%&'*/=?^_`{|}-@example.com")]
    [InlineData("a@localhost")]
    [InlineData("a@1.example")]
    [InlineData("a@c--n.example")]
    [InlineData("a@10.0.0.300")] // labels of digits are a name like any other
    [InlineData("\"a b\"@example.com")]
    [InlineData("\"a@b\"@example.com")]
    [InlineData("\"a..b\"@example.com")]
    [InlineData("\"\"@example.com")]
    [InlineData("\"\\\"\\\\\"@example.com")]
    [InlineData("a@[127.0.0.1]")]
    [InlineData("a@[IPv6:::1]")]
    [InlineData("a@[ipv6:2001:db8::127.0.0.1]")]
    public void A_mailbox_is_read(string text) => Assert.True(Matches("email", text));

    [Theory]
    [InlineData("")]
    [InlineData("@")]
    [InlineData("a@")]
    [InlineData("@example.com")]
    [InlineData("a.example.com")]
    [InlineData(".a@x")]
    [InlineData("a.@x")]
    [InlineData("a..b@x")]
    [InlineData("a b@x")]
    [InlineData("a@b@x")]
    [InlineData("a,b@x")]
    [InlineData("a(comment)@x")]
    [InlineData("a\\@b@x")]
    [InlineData("Ann <a@x>")]
    [InlineData("a@x, b@x")]
    [InlineData("ä@x")]
    [InlineData("a@ä")]
    [InlineData("a\uFF20x")]
    [InlineData("a@-x.com")]
    [InlineData("a@x-.com")]
    [InlineData("a@x_y.com")]
    [InlineData("a@.x")]
    [InlineData("a@x.")]
    [InlineData("a@x..y")]
    [InlineData("a@x\n")]
    [InlineData(" a@x")]
    [InlineData("a\t@x")]
    [InlineData("\"a@x")]
    [InlineData("\"a\"b@x")]
    [InlineData("\"a\"b\"@x")]
    [InlineData("\"a\\\\\"b\"@x")]
    [InlineData("\"a\\\"@x")]
    [InlineData("\"\u00e9\"@x")]
    [InlineData("\"@x")]
    [InlineData("a@[]")]
    [InlineData("a@[127.0.0.256]")]
    [InlineData("a@[127.0.1]")]
    [InlineData("a@[127.0.0.01]")]
    [InlineData("a@[127.0.0.1")]
    [InlineData("a@[::1]")]
    [InlineData("a@[IPv6:::1%eth0]")]
    [InlineData("a@[IPv6:::1.2.3]")]
    [InlineData("a@x[127.0.0.1]")]
    public void What_is_no_mailbox_is_refused(string text) => Assert.False(Matches("email", text));

    [Fact]
    public void The_lengths_of_a_mailbox_hold()
    {
        var label = new string('x', 63);
        Assert.True(Matches("email", $"{new string('a', 64)}@{label}"));
        Assert.False(Matches("email", $"{new string('a', 65)}@{label}"));
        Assert.False(Matches("email", $"a@{label}x"));

        var domain = $"{label}.{label}.{label}";
        Assert.True(Matches("email", $"{new string('a', 254 - 1 - domain.Length)}@{domain}"));
        Assert.False(Matches("email", $"{new string('a', 255 - 1 - domain.Length)}@{domain}"));
    }

    [Theory]
    [InlineData("https://example.com/x")]
    [InlineData("HTTP://example.com?a=b/c?d#e/f?g")]
    [InlineData("http://user:pass%40@example.com:8080/a;b=1,2/c")]
    [InlineData("http://-.~_!$&'()*+,;=:%40:80%2f::::::@example.com")]
    [InlineData("ldap://[2001:db8::7]/c=GB?objectClass?one")]
    [InlineData("http://[v1f.x:y]:80")]
    [InlineData("http://999.999.999.999/")]
    [InlineData("http://exa~mple_.com./")]
    [InlineData("http://:80")]
    [InlineData("http://@a:")]
    [InlineData("http://a:99999999")]
    [InlineData("file:///etc/hosts")]
    [InlineData("urn:isbn:0451450523")]
    [InlineData("mailto:a@example.com")]
    [InlineData("tel:+1-816-555-1212")]
    [InlineData("a:")]
    [InlineData("a+b-c.1:/x")]
    public void A_uri_is_read(string text) => Assert.True(Matches("uri", text));

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("/x")]
    [InlineData("//example.com/x")]
    [InlineData("?x")]
    [InlineData(":x")]
    [InlineData("1http://x")]
    [InlineData("ht_tp://x")]
    [InlineData("a,b:c")]
    [InlineData("ä:x")]
    [InlineData("http://example.com/a b")]
    [InlineData("http://exam ple.com/")]
    [InlineData("http://example.com/\"")]
    [InlineData("http://example.com/<")]
    [InlineData("http://example.com/>")]
    [InlineData("http://example.com/{")]
    [InlineData("http://example.com/}")]
    [InlineData("http://example.com/|")]
    [InlineData("http://example.com/\\")]
    [InlineData("http://example.com/^")]
    [InlineData("http://example.com/`")]
    [InlineData("http://example.com/[")]
    [InlineData("http://example.com/ä")]
    [InlineData("http://exämple.com/")]
    [InlineData("http://example.com/%")]
    [InlineData("http://example.com/%4")]
    [InlineData("http://example.com/%4g")]
    [InlineData("http://example.com/?%zz")]
    [InlineData("http://example.com/#a#b")]
    [InlineData("http://example.com/x\n")]
    [InlineData("http://example.com:abc/")]
    [InlineData("http://example.com:8:0/")]
    [InlineData("http://a@b@c/")]
    [InlineData("http://[::1/")]
    [InlineData("http://[/")]
    [InlineData("http://[::1]x/")]
    [InlineData("http://[::1%25eth0]/")]
    [InlineData("http://[1.2.3.4]/")]
    [InlineData("http://[v.x]/")]
    [InlineData("https://[@example.org/")]
    public void What_is_no_uri_is_refused(string text) => Assert.False(Matches("uri", text));

    /// <summary>As a definition's author meets it: through the schema, not the function.</summary>
    private static bool Matches(string format, string text)
    {
        var workflow = Flow.Compile(Flow.Json(Flow.Noop("a"), "", $$""", "parameters": {"format": "{{format}}"}"""));
        return workflow.ValidateInput(JsonSerializer.SerializeToElement(text)).Count == 0;
    }
}
