// The cookie of the console allows a change only to requests with this header, which no other site can send.
$.ajaxSetup({ headers: { 'X-Tandem-Page': '1' } });
