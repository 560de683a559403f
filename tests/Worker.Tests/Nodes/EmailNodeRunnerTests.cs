using System.Text;
using MimeKit;
using Workflows.Engine.Executions;
using Workflows.Testing;

namespace Workflows.Worker.Tests.Nodes;

/// <summary>
/// The email node against a real mail server. How it meets wrong answers is in <see cref="MailServerAnswerTests"/>.
/// </summary>
public sealed class EmailNodeRunnerTests(PostgresServer server) : IAsyncLifetime
{
    private MailServer _mail = null!;
    private ConnectorBed _bed = null!;

    public async ValueTask InitializeAsync()
    {
        _mail = await MailServer.StartAsync(user: ("robot", "mail-password"));
        _bed = await ConnectorBed.CreateAsync(server);
        await ConnectAsync(
            "mail", ("username", "robot"), ("password", "mail-password"), ("from", "Shop <shop@example.com>"));
    }

    public async ValueTask DisposeAsync()
    {
        await _bed.DisposeAsync();
        await _mail.DisposeAsync();
    }

    [Fact]
    public async Task A_message_arrives_with_all_its_parts()
    {
        var output = await _bed.SucceedAsync("email", new
        {
            connector = "mail",
            to = new[] { "Käthe <kaethe@example.com>", "b@example.com" },
            cc = "c@example.com",
            bcc = new[] { "hidden@example.com", "B@example.com" },
            replyTo = "\"Doe, J.\" <j.doe@example.com>",
            subject = "Bestellung über 5 €",
            text = "Grüße\n.\nEnde",
            html = "<p>Grüße</p>",
            attachments = new[]
            {
                new { name = "ä.csv", contentType = "text/csv; header=absent", content = "YTti" },
            },
        });

        var mail = Assert.Single(_mail.Mails);
        var message = Read(mail);
        Assert.Equal(("shop@example.com", "robot"), (mail.From, mail.User));
        Assert.Equal(["kaethe@example.com", "b@example.com", "c@example.com", "hidden@example.com"], mail.To);
        Assert.Equal("Bestellung über 5 €", message.Subject);
        Assert.Equal("\"Shop\" <shop@example.com>", message.From.ToString());
        Assert.Equal(["Käthe", ""], message.To.Select(address => address.Name ?? ""));
        Assert.Equal("\"Doe, J.\" <j.doe@example.com>", message.ReplyTo.ToString());
        Assert.DoesNotContain("hidden", Encoding.UTF8.GetString(mail.Content), StringComparison.Ordinal);
        Assert.Equal("Grüße\n.\nEnde", message.TextBody!.ReplaceLineEndings("\n"));
        Assert.Equal("<p>Grüße</p>", message.HtmlBody);
        var attachment = Assert.IsType<MimePart>(Assert.Single(message.Attachments), exactMatch: false);
        Assert.Equal(("ä.csv", "text/csv"), (attachment.FileName, attachment.ContentType.MimeType));
        Assert.Equal("absent", attachment.ContentType.Parameters["header"]);
        Assert.Equal("a;b"u8.ToArray(), Content(attachment));
        Assert.Equal($"<{message.MessageId}>", output["messageId"]!.GetValue<string>());
        Assert.Equal(mail.To, output["accepted"]!.AsArray().Select(address => address!.GetValue<string>()));
    }

    [Fact]
    public async Task A_message_sent_again_after_a_crash_has_the_same_id()
    {
        var execution = Guid.CreateVersion7();
        for (var attempt = 0; attempt < 2; attempt++)
        {
            await _bed.SucceedAsync("email", Message(), execution);
        }

        await _bed.SucceedAsync("email", Message(), execution, node: "other");

        var ids = _mail.Mails.Select(mail => Read(mail).MessageId).ToList();
        Assert.Equal((3, 2), (ids.Count, ids.Distinct().Count()));
    }

    [Theory]
    [InlineData("subject", "Hello\r\nBcc: victim@example.com", "'subject'", "character 6")]
    [InlineData("subject", "Hello\nX: y", "'subject'", "U+000A")]
    [InlineData("subject", "Hello\u0085X", "'subject'", "U+0085")]
    [InlineData("to", "a@example.com\r\nBcc: victim@example.com", "'to'", "character 14")]
    [InlineData("to", "a@example.com>\r\nRCPT TO:<victim@example.com", "'to'", "character 15")]
    [InlineData("to", "\"a\r\nb\"@example.com", "'to'", "U+000D")]
    [InlineData("to", "=?utf-8?q?a=0D=0Ab?= <a@example.com>", "'to'", "U+000D")]
    [InlineData("from", "a@example.com\r\nSender: x@example.com", "'from'", "character 14")]
    [InlineData("replyTo", "Name\r\nX: y <a@example.com>", "'replyTo'", "U+000D")]
    [InlineData("to", "not an address", "'to'", "character")]
    [InlineData("to", "Ünsinn", "'to'", "character")]
    [InlineData("to", "a@example.com, victim@example.com", "'to'", "character 14")]
    [InlineData("to", "a@example.com,b@example.com", "'to'", "character")]
    [InlineData("to", "a@example.com; b@example.com", "'to'", "character")]
    [InlineData("to", "<a@example.com> <victim@example.com>", "'to'", "character")]
    [InlineData("to", "a@example.com victim@example.com", "'to'", "character")]
    [InlineData("to", "A <a@example.com>, B <b@example.com>", "'to'", "character")]
    [InlineData("to", "Friends: victim@example.com;", "'to'", "character")]
    [InlineData("to", "<@relay.example.com:victim@example.com>", "'to'", "route")]
    [InlineData("cc", "", "'cc'", "character 1 ")]
    public async Task No_value_becomes_a_header_a_command_or_a_recipient(
        string field, string value, string named, string where)
    {
        var error = await _bed.FailAsync("email", Message(field, value));

        Assert.Equal("EMAIL_INVALID", error.Code);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Contains(where, error.Message, StringComparison.Ordinal);
        Assert.Equal((0, 0), (_mail.Mails.Count, _mail.Commands));
    }

    [Fact]
    public async Task An_error_says_which_address_of_a_list_it_means()
    {
        var to = new[] { "a@example.com", "Käthe b@example.com" };

        var error = await _bed.FailAsync("email", new { connector = "mail", to, subject = "s", text = "t" });

        Assert.Equal("EMAIL_INVALID", error.Code);
        Assert.StartsWith("'to[1]' is no e-mail address: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read from character 7 on", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_of_one_byte_too_many_is_refused()
    {
        var local = new string('a', 254 - "@example.com".Length);
        await _bed.SucceedAsync("email", Message("replyTo", $"{local}@example.com"));

        var error = await _bed.FailAsync("email", Message("replyTo", $"{local}a@example.com"));
        Assert.Equal("EMAIL_INVALID", error.Code);
    }

    [Theory]
    [InlineData("one\r\n.\r\nMAIL FROM:<victim@example.com>\r\n")]
    [InlineData("one\r.\rMAIL FROM:<victim@example.com>\r")]
    [InlineData("one\n.\nMAIL FROM:<victim@example.com>\n")]
    [InlineData("one\n.\r\nMAIL FROM:<victim@example.com>\r\n")]
    [InlineData(".\r\n..\r\n...")]
    public async Task The_text_cannot_end_the_message_early(string text)
    {
        await _bed.SucceedAsync("email", Message("text", text));

        var content = Encoding.UTF8.GetString(Assert.Single(_mail.Mails).Content);
        Assert.Equal(Lines(text), Lines(Read(_mail.Mails.Single()).TextBody!));
        Assert.DoesNotMatch("(?<!\r)\n|\r(?!\n)", content); // servers disagree on what these end
    }

    [Fact]
    public async Task A_body_cannot_begin_another_part()
    {
        await _bed.SucceedAsync("email", new
        {
            connector = "mail",
            to = "a@example.com",
            subject = "s",
            text = "--=-x\r\nContent-Type: text/html\r\n\r\n<b>",
            html = "<i>",
            attachments = new[] { new { name = "a", contentType = "text/plain", content = "" } },
        });

        var message = Read(Assert.Single(_mail.Mails));
        Assert.Equal(("<i>", 1), (message.HtmlBody, message.Attachments.Count()));
    }

    [Theory]
    [InlineData("a", "text/plain\r\nX: y")]
    [InlineData("a\r\nX: y", "text/plain")]
    [InlineData("a", "no type")]
    [InlineData("a", "text/plain; name=\u00e4")]
    public async Task An_attachment_cannot_add_a_header(string name, string contentType)
    {
        var error = await _bed.FailAsync("email", new
        {
            connector = "mail",
            to = "a@example.com",
            subject = "s",
            text = "t",
            attachments = new[] { new { name, contentType, content = "" } },
        });

        Assert.Equal(("EMAIL_INVALID", 0), (error.Code, _mail.Mails.Count));
    }

    [Fact]
    public async Task International_addresses_are_sent()
    {
        await _bed.SucceedAsync("email", Message("to", "Jörg <jörg@exämple.com>"));
        await _bed.SucceedAsync("email", Message("to", "a@exämple.com"));

        // The server keeps envelopes in ASCII; MailServerAnswerTests see what is sent.
        Assert.All(_mail.Mails.Zip(["jörg@exämple.com", "a@exämple.com"]), pair =>
            Assert.Equal(pair.Second, Read(pair.First).To.Mailboxes.Single().Address));
    }

    [Fact]
    public async Task One_refused_recipient_refuses_the_message()
    {
        _mail.Refused.Add("bad");

        var to = new[] { "good@example.com", "bad@example.com" };

        var error = await _bed.FailAsync("email", new { connector = "mail", to, subject = "s", text = "t" });

        Assert.Equal(("EMAIL_550", StepErrorKind.Permanent, 0), (error.Code, error.Kind, _mail.Mails.Count));
    }

    [Fact]
    public async Task Who_does_not_log_in_or_logs_in_wrongly_sends_nothing()
    {
        await ConnectAsync("wrong", ("username", "robot"), ("password", "another"), ("from", "a@example.com"));
        await ConnectAsync("nobody", ("from", "a@example.com"));

        var wrong = await _bed.FailAsync("email", Message("connector", "wrong"));
        Assert.Equal(("EMAIL_535", StepErrorKind.Permanent), (wrong.Code, wrong.Kind));
        Assert.Equal("EMAIL_530", (await _bed.FailAsync("email", Message("connector", "nobody"))).Code);
        Assert.Empty(_mail.Mails);
    }

    [Fact]
    public async Task A_mail_server_in_a_private_network_is_refused()
    {
        await using var guarded = await ConnectorBed.CreateAsync(server, allow: []);
        await guarded.Bed.AddConnectorAsync(
            "mail",
            "smtp",
            ("host", "127.0.0.1"), ("port", $"{_mail.Port}"), ("tls", "none"), ("from", "a@example.com"));

        Assert.Equal("EMAIL_TARGET_REFUSED", (await guarded.FailAsync("email", Message())).Code);
        Assert.Equal(0, _mail.Commands);
    }

    private static MimeMessage Read(ReceivedMail mail) =>
        MimeMessage.Load(new MemoryStream(mail.Content), TestContext.Current.CancellationToken);

    private static byte[] Content(MimePart part)
    {
        using var content = new MemoryStream();
        part.Content!.DecodeTo(content, TestContext.Current.CancellationToken);
        return content.ToArray();
    }

    private static string[] Lines(string text) =>
        text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').TrimEnd('\n').Split('\n');

    private static Dictionary<string, object> Message(string? field = null, string? value = null)
    {
        var message = new Dictionary<string, object>
        {
            ["connector"] = "mail",
            ["to"] = "a@example.com",
            ["subject"] = "s",
            ["text"] = "t",
        };
        if (field is not null)
        {
            message[field] = value!;
        }

        return message;
    }

    private Task ConnectAsync(string name, params (string, string)[] config) =>
        _bed.Bed.AddConnectorAsync(
            name, "smtp", [("host", "127.0.0.1"), ("port", $"{_mail.Port}"), ("tls", "none"), .. config]);
}
