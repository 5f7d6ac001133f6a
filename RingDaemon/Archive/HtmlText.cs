using System.Text;
using MimeKit.Text;

namespace Connect.RingDaemon.Archive;

/// <summary>What a mail says that is written in HTML only: its text, with paragraphs, quotes, list marks and the addresses of links. Nothing of its markup is kept.</summary>
internal static class HtmlText
{
    /// <summary>Characters of HTML that are looked at. 1 Mi.</summary>
    private const int MaxLength = 1 << 20;

    private const int MaxQuotes = 10;

    public static string Of(string html)
    {
        using var reader = new StringReader(html.Length > MaxLength ? html[..MaxLength] : html);
        var tokens = new HtmlTokenizer(reader) { DecodeCharacterReferences = true };
        var text = new Lines();
        string? link = null;
        var (skipped, pre) = (0, 0);
        while (tokens.ReadNextToken(out var token))
        {
            if (token is HtmlTagToken tag)
            {
                var (open, close) = (!tag.IsEndTag, tag.IsEndTag);
                switch (tag.Id)
                {
                    case HtmlTagId.Script or HtmlTagId.Style or HtmlTagId.Head or HtmlTagId.Title when !tag.IsEmptyElement:
                        skipped = Math.Max(0, skipped + (open ? 1 : -1));
                        break;
                    case HtmlTagId.Body:
                        skipped = 0; // a head that was never closed
                        break;
                    case HtmlTagId.Br:
                        text.Break();
                        break;
                    case HtmlTagId.P or HtmlTagId.H1 or HtmlTagId.H2 or HtmlTagId.H3 or HtmlTagId.H4 or HtmlTagId.H5 or HtmlTagId.H6 or HtmlTagId.Table or HtmlTagId.UL or HtmlTagId.OL:
                        text.Paragraph();
                        break;
                    case HtmlTagId.Pre:
                        text.Paragraph();
                        pre = Math.Max(0, pre + (open ? 1 : -1));
                        break;
                    case HtmlTagId.LI:
                        text.NewLine();
                        if (open) text.Add("- ");
                        break;
                    case HtmlTagId.Div or HtmlTagId.TR or HtmlTagId.HR:
                        text.NewLine();
                        break;
                    case HtmlTagId.TD or HtmlTagId.TH when close:
                        text.Add(" ");
                        break;
                    case HtmlTagId.BlockQuote:
                        text.Quote(open ? 1 : -1);
                        break;
                    case HtmlTagId.A when open:
                        link = tag.Attributes.FirstOrDefault(a => a.Id == HtmlAttributeId.Href)?.Value;
                        break;
                    case HtmlTagId.A when link is not null:
                        if (Uri.TryCreate(link, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && !text.EndsWith(link)) text.Add($" <{uri.AbsoluteUri}>");
                        link = null;
                        break;
                }
            }
            else if (token is HtmlDataToken data && skipped == 0 && token is not HtmlScriptDataToken)
            {
                if (pre > 0) text.AddLines(data.Data);
                else text.AddFlowing(data.Data);
            }
        }
        return text.ToString();
    }

    /// <summary>Text that grows by words and lines, each line with the marks of its quotes.</summary>
    private sealed class Lines
    {
        private readonly StringBuilder _text = new();
        private int _quotes;
        private bool _atLineStart = true;
        private bool _space;

        public void Add(string word)
        {
            if (_atLineStart)
            {
                if (_quotes > 0) _text.Append('>', _quotes).Append(' ');
                word = word.TrimStart(' ');
                _atLineStart = word.Length == 0;
            }
            _text.Append(word);
            _space = false;
        }

        public void AddFlowing(string data)
        {
            var words = data.Replace('\u00a0', ' ').Split([' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
            if (data.Length > 0 && char.IsWhiteSpace(data[0])) _space = true;
            foreach (var word in words)
            {
                Add(_space && !_atLineStart ? " " + word : word);
                _space = true;
            }
            _space = data.Length > 0 && char.IsWhiteSpace(data[^1]);
        }

        public void AddLines(string data)
        {
            var lines = data.ReplaceLineEndings("\n").Split('\n');
            for (var i = 0; i < lines.Length; i++)
            {
                if (i > 0) Break();
                if (lines[i].Length > 0) Add(lines[i]);
            }
        }

        public void NewLine()
        {
            if (!_atLineStart) Break();
        }

        public void Break()
        {
            if (_atLineStart && _quotes > 0) _text.Append('>', _quotes);
            _text.Append('\n');
            (_atLineStart, _space) = (true, false);
        }

        public void Paragraph()
        {
            NewLine();
            if (_text.Length > 1 && !(_text[^1] == '\n' && _text[^2] == '\n')) Break();
        }

        public void Quote(int more)
        {
            NewLine();
            _quotes = Math.Clamp(_quotes + more, 0, MaxQuotes);
            if (more < 0 && _text.Length > 0) Break();
        }

        public bool EndsWith(string end) => end.Length <= _text.Length && _text.ToString(_text.Length - end.Length, end.Length) == end;

        public override string ToString() => _text.ToString();
    }
}
